import F2SModel
import F2SSystem
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Keeps the tokens of the internal listener up to date with the file or Secret that stores them.
///
/// If F2S's own Secret is deleted or emptied, this fills it again. A token stays valid until another one replaces it,
/// and for ``TokenRotation/overlap`` after that.
final class InternalTokens: Sendable {
    private struct State {
        var rotation: TokenRotation
        /// The last warning, which is not logged again.
        var message: String?
    }

    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let reflector: Reflector<TokenSecret>
    private let logger: Logger
    private let state: Mutex<State>

    /// Time between two reads of the file, and between two attempts to fill the Secret.
    private static let pause = Duration.seconds(1)
    /// Maximum number of bytes that are read from the file.
    private static let fileBytesMax = 4096

    init(client: KubernetesClient, options: KubernetesOptions, logger: Logger) {
        self.client = client
        self.options = options
        self.logger = logger
        state = Mutex(State(rotation: TokenRotation(options.tokens.current.texts.first)))
        reflector = Reflector(
            client, .secrets, namespace: options.namespace,
            fieldSelector: "metadata.name=\(GeneratedSecret.internalToken)", logger: logger
        ) { $0.name }
    }

    /// Follows the stored token until the task is cancelled.
    func run() async {
        switch options.tokenSource {
        case .given: break
        case .file(let path):
            while !Task.isCancelled {
                apply(Self.token(inFile: path))
                try? await Task.sleep(for: Self.pause)
            }
        case .secret: await followSecret()
        }
    }

    /// Returns the token in a file, or `nil` if the file is missing or empty.
    static func token(inFile path: String) -> String? {
        guard let bytes = try? ReadableFile.read(path, bytesMax: fileBytesMax),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
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
                    // Replaced tokens expire, and a failed attempt to fill the Secret is repeated.
                    try? await Task.sleep(for: Self.pause)
                    wake.raise()
                }
            }
            for await _ in wake.arrivals() { await reconcile() }
            group.cancelAll()
        }
    }

    private func reconcile() async {
        let reflection = reflector.latest.current
        guard reflection.isSynced else { return apply(nil) }
        let secret = reflection.items[GeneratedSecret.internalToken]
        if let token = secret?.token { return apply(token) }
        do throws(KubernetesError) {
            var random = SystemRandomNumberGenerator()
            let made = GeneratedSecret.token(by: &random)
            let store = GeneratedSecret(
                client: client, namespace: options.namespace, name: GeneratedSecret.internalToken)
            if secret == nil {
                // The other pods still use this token, so they remain authenticated.
                let newest = state.withLock { $0.rotation.newest } ?? made
                try await store.create(holding: newest)
                apply(newest)
                logger.warning(
                    "Secret \(GeneratedSecret.internalToken) was missing; F2S created it again with the same token")
            } else {
                apply(try await store.fetch(orWriting: made))
            }
            state.withLock { $0.message = nil }
        } catch {
            guard !error.isAlreadyExists, !error.isConflict, !Task.isCancelled else { return }
            warn("Secret \(GeneratedSecret.internalToken) has no token, and F2S cannot write one: \(error)")
        }
    }

    /// Applies a stored token, and publishes the valid tokens if they have changed.
    private func apply(_ token: String?) {
        let now = Moment.now.steady
        let tokens = state.withLock { state in
            state.rotation.apply(token, at: now)
            return state.rotation.tokens(at: now)
        }
        guard tokens != options.tokens.current else { return }
        options.tokens.publish(tokens)
        logger.info("The internal token has changed", metadata: ["valid": "\(tokens.texts.count)"])
    }

    private func warn(_ message: String) {
        let isNew = state.withLock { state in
            defer { state.message = message }
            return state.message != message
        }
        if isNew { logger.warning("\(message)") }
    }
}

/// The fields of a Secret that F2S reads.
struct TokenSecret: Sendable, Hashable, Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable { let name: String }
        let metadata: Metadata
        let data: [String: String]?
    }

    /// `metadata.name`.
    let name: String
    /// The token, or `nil` if the Secret has none.
    let token: String?

    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        name = wire.metadata.name
        token = wire.data?[GeneratedSecret.key].flatMap { GeneratedSecret.token(encoded: $0) }
    }
}

/// Decides which tokens are valid while the installation's token is replaced. A value without a clock.
struct TokenRotation: Sendable {
    /// Time for which a token stays valid after another one has replaced it. It is longer than all processes need to
    /// read the new one.
    static let overlap = Duration.seconds(600)

    private var current: String?
    private var previous: (text: String, until: Duration)?

    init(_ token: String?) { current = token }

    /// Applies the token that is stored now; `nil` if none is stored, and then the last one stays valid.
    mutating func apply(_ token: String?, at now: Duration) {
        guard let token, PeerTokens.isValid(token), token != current else { return }
        if let current { previous = (current, now + Self.overlap) }
        current = token
    }

    /// Returns the valid tokens.
    func tokens(at now: Duration) -> PeerTokens {
        PeerTokens([current, previous.flatMap { $0.until > now ? $0.text : nil }].compactMap(\.self))
    }

    /// The newest token.
    var newest: String? { current }
}
