import F2SModel
import F2SSystem
import Logging
import Synchronization

/// A provider of OpenID Connect. It verifies access tokens by the provider's keys (RFC 9068), by the provider's answers
/// (RFC 7662), or by both.
final class Provider: Sendable {
    /// The settings of the provider.
    let settings: AuthSettings.Issuer

    private struct State {
        var keys = ProviderKeys()
        /// `nil` until the provider has answered.
        var metadata: ProviderMetadata?
        var failure: ProviderError?
        /// The number of questions about tokens that wait for their answers.
        var questions = 0
    }

    /// The largest number of questions at the same time.
    private static let questionsMax = 32
    private static let tokenFileBytesMax = 64 << 10

    private let state = Mutex(State())
    private let fetches = SharedWork<String, Void>()
    private let transport: any ProviderTransport
    private let clock: any ControlClock
    private let logger: Logger
    private let whenKeyIsRemoved: @Sendable () -> Void

    /// Creates a provider. It is not asked for anything before a token or ``refreshIfDue()`` needs it.
    /// - Parameter whenKeyIsRemoved: Called when tokens that were accepted may not be valid any more.
    init(
        _ settings: AuthSettings.Issuer, transport: any ProviderTransport, clock: any ControlClock, logger: Logger,
        whenKeyIsRemoved: @escaping @Sendable () -> Void
    ) {
        self.settings = settings
        self.transport = transport
        self.clock = clock
        self.logger = logger
        self.whenKeyIsRemoved = whenKeyIsRemoved
    }

    /// Verifies a token that is signed.
    /// - Parameter text: The text of the token.
    /// - Throws: The reason for which the token is not accepted.
    func verify(_ token: JSONWebToken, text: Substring) async throws(CredentialError) -> AccessToken {
        guard let algorithm = VerificationKey.Algorithm(token.algorithm) else { throw .wrongAlgorithm }
        let keys = try await keys(for: token.keyID, algorithm)
        // A key that the library does not accept is not the key of this token.
        guard keys.contains(where: { (try? $0.accepts(token.signature, of: token.signed)) == true }) else {
            throw .wrongSignature
        }
        guard let claims = token.claims else { throw .malformed }
        let now = clock.secondsSince1970()
        let verified = try AccessToken(claims, type: token.type, issuer: settings, now: now)
        if settings.introspection != nil { _ = try await answer(about: text) }
        return verified
    }

    /// Verifies a token that only the provider can read.
    /// - Throws: The reason for which the token is not accepted.
    func verify(opaque text: Substring) async throws(CredentialError) -> AccessToken {
        let claims = try await answer(about: text)
        return try AccessToken(
            claims, type: nil, issuer: settings, isIntrospected: true, now: clock.secondsSince1970())
    }

    /// Fetches the keys again if they are old.
    func refreshIfDue() async {
        if state.withLock({ $0.keys.isDue(now: clock.now()) }) { await refresh() }
    }

    // MARK: The keys

    private func keys(
        for id: String?, _ algorithm: VerificationKey.Algorithm
    ) async throws(CredentialError) -> [VerificationKey] {
        // After a fetch the choice is another one, unless the keys have just become too old.
        for _ in 0..<3 {
            switch state.withLock({ $0.keys.choice(of: id, algorithm, now: clock.now()) }) {
            case .candidates(let keys): return keys
            case .unknownKey: throw .unknownKey
            case .unavailable: throw .providerUnavailable
            case .fetch: await refresh()
            }
        }
        throw .providerUnavailable
    }

    /// Fetches the provider's description and its keys, or waits for the caller that does.
    private func refresh() async {
        _ = await fetches.value(for: settings.url) { await fetch() }
    }

    private func fetch() async {
        state.withLock { $0.keys.begin(now: clock.now()) }
        do throws(ProviderError) {
            let metadata = try ProviderMetadata(try await document(ProviderMetadata.url(of: settings)), of: settings)
            guard let keys = VerificationKey.keys(of: try await document(metadata.keysURL)), !keys.isEmpty else {
                throw .malformed(url: metadata.keysURL, "it has no key for RS256, ES256 or EdDSA")
            }
            let (isRemoved, failure) = state.withLock { state in
                defer { state.failure = nil }
                state.metadata = metadata
                return (state.keys.succeed(keys, now: clock.now()), state.failure)
            }
            if failure != nil { logger.info("The provider answers again.", metadata: ["issuer": "\(settings.url)"]) }
            if isRemoved { whenKeyIsRemoved() }
        } catch {
            state.withLock { $0.keys.fail() }
            record(error)
        }
    }

    /// Records that the provider does not answer. Until it sends its keys again, it is not asked about tokens.
    private func record(_ failure: ProviderError) {
        let isNew = state.withLock { state in
            defer { state.failure = failure }
            return state.failure != failure
        }
        guard isNew else { return }
        logger.warning("Tokens of the provider cannot be verified: \(failure)", metadata: ["issuer": "\(settings.url)"])
    }

    private func document(_ url: String) async throws(ProviderError) -> JSONObject {
        var request = ProviderRequest(url: url, caFile: settings.caFile)
        if let path = settings.tokenFile {
            // The platform replaces the file before its token expires, so it is read for each request.
            guard let bytes = try? ReadableFile.read(path, bytesMax: Self.tokenFileBytesMax) else {
                throw .unreadable(path: path)
            }
            let token = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            request.authorization = Secret("Bearer \(token)")
        }
        return try object(try await transport.send(request), url)
    }

    private func object(_ bytes: [UInt8], _ url: String) throws(ProviderError) -> JSONObject {
        guard let object = JSONObject(bytes) else { throw .malformed(url: url, "it is not a JSON object") }
        return object
    }

    // MARK: Questions about tokens

    /// Asks the provider about a token.
    /// - Throws: ``CredentialError/inactive`` if the token is not valid, ``CredentialError/providerUnavailable``, or
    ///   ``CredentialError/busy``.
    private func answer(about token: Substring) async throws(CredentialError) -> JSONObject {
        guard let client = settings.introspection else { throw .unknownScheme }
        if state.withLock({ $0.metadata == nil && $0.keys.mayFetch(now: clock.now()) }) { await refresh() }
        guard let url = state.withLock({ $0.failure == nil ? $0.metadata?.introspectionURL : nil }) else {
            throw .providerUnavailable
        }
        let mayAsk = state.withLock { state in
            guard state.questions < Self.questionsMax else { return false }
            state.questions += 1
            return true
        }
        guard mayAsk else { throw .busy }
        defer { state.withLock { $0.questions -= 1 } }
        let answer: JSONObject
        do throws(ProviderError) {
            answer = try object(try await transport.send(Self.question(token, client, url, settings.caFile)), url)
        } catch {
            state.withLock { $0.keys.doubt(now: clock.now()) }
            record(error)
            throw .providerUnavailable
        }
        guard answer["active"] == .flag(true) else { throw .inactive }
        return answer
    }

    private static func question(
        _ token: Substring, _ client: AuthSettings.Issuer.Introspection, _ url: String, _ caFile: String?
    ) -> ProviderRequest {
        // Both parts are encoded like a form first (RFC 6749 section 2.3.1).
        let pair = "\(FormText.encode(client.clientID)):\(FormText.encode(client.clientSecret.revealed))"
        return ProviderRequest(
            url: url, authorization: Secret("Basic \(CredentialText.encodePadded(Array(pair.utf8)))"),
            form: Secret("token=\(FormText.encode(String(token)))&token_type_hint=access_token"), caFile: caFile)
    }
}
