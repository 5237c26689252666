import F2SModel
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Keeps the tokens of the internal listener as they are stored: they are read again when they change, and a Secret of
/// ours that is deleted or emptied is filled again. A token that was read stays valid until another takes its place.
final class InternalTokens: Sendable {
    private struct State {
        var rotation: TokenRotation
        /// What was complained of last.
        var complaint: String?
    }

    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let reflector: Reflector<TokenSecret>
    private let logger: Logger
    private let state: Mutex<State>

    /// How often a file is looked at, and a Secret that could not be filled.
    private static let pause = Duration.seconds(1)
    /// Bytes of a file.
    private static let fileBytesMax = 4096

    init(client: KubernetesClient, options: KubernetesOptions, logger: Logger) {
        self.client = client
        self.options = options
        self.logger = logger
        state = Mutex(State(rotation: TokenRotation(options.tokens.current.texts.first)))
        reflector = Reflector(
            client, .secrets, namespace: options.namespace,
            fieldSelector: "metadata.name=\(InternalToken.secretName)", logger: logger
        ) { $0.name }
    }

    /// Follows what is stored until the task is cancelled.
    func run() async {
        switch options.tokenSource {
        case .given: break
        case .file(let path):
            while !Task.isCancelled {
                take(Self.token(inFile: path))
                try? await Task.sleep(for: Self.pause)
            }
        case .secret: await followSecret()
        }
    }

    /// The token in a file; `nil`: there is none.
    static func token(inFile path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        let count = fread(&bytes, 1, bytes.count, file)
        guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else { return nil }
        let token = text.filter { !$0.isWhitespace }
        return token.isEmpty ? nil : token
    }

    private func followSecret() async {
        await withDiscardingTaskGroup { group in
            let wake = Signal()
            group.addTask { await self.reflector.run() }
            group.addTask { for await _ in self.reflector.latest.values() { wake.raise() } }
            group.addTask {
                while !Task.isCancelled {
                    // Old tokens end, and what could not be filled is tried again.
                    try? await Task.sleep(for: Self.pause)
                    wake.raise()
                }
            }
            for await _ in wake.arrivals() { await look() }
            group.cancelAll()
        }
    }

    private func look() async {
        let reflection = reflector.latest.current
        guard reflection.isSynced else { return take(nil) }
        let secret = reflection.items[InternalToken.secretName]
        if let token = secret?.token { return take(token) }
        do throws(KubernetesError) {
            var random = SystemRandomNumberGenerator()
            let store = InternalToken(client: client, namespace: options.namespace)
            if secret == nil {
                // The others have the same one still: nobody is shut out.
                let newest = state.withLock { $0.rotation.newest } ?? InternalToken.made(by: &random)
                try await store.create(holding: newest)
                take(newest)
                logger.warning("Secret \(InternalToken.secretName) was missing, and is there again with the same token")
            } else {
                take(try await store.fetch(random: &random))
            }
            state.withLock { $0.complaint = nil }
        } catch {
            guard !error.isAlreadyExists, !error.isConflict, !Task.isCancelled else { return }
            complain("Secret \(InternalToken.secretName) holds no token and cannot be filled: \(error)")
        }
    }

    /// Puts a token into force.
    private func take(_ token: String?) {
        let now = Moment.now.steady
        let tokens = state.withLock { state in
            state.rotation.take(token, at: now)
            return state.rotation.tokens(at: now)
        }
        guard tokens != options.tokens.current else { return }
        options.tokens.publish(tokens)
        logger.info("The internal token has changed", metadata: ["valid": "\(tokens.texts.count)"])
    }

    private func complain(_ complaint: String) {
        let isNew = state.withLock { state in
            defer { state.complaint = complaint }
            return state.complaint != complaint
        }
        if isNew { logger.warning("\(complaint)") }
    }
}

/// What is looked at of a Secret.
struct TokenSecret: Sendable, Hashable, Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable { let name: String }
        let metadata: Metadata
        let data: [String: String]?
    }

    /// `metadata.name`.
    let name: String
    /// The token; `nil`: it holds none.
    let token: String?

    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        name = wire.metadata.name
        token = wire.data?[InternalToken.key].flatMap { InternalToken.token(encoded: $0) }
    }
}
