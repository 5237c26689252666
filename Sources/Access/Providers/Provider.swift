import F2SModel
import F2SSystem
import Logging
import Synchronization

/// A provider of OpenID Connect. It verifies access tokens by the provider's keys (RFC 9068), by introspection
/// (RFC 7662), or by both.
final class Provider: Sendable {
    /// The settings of the provider.
    let settings: AuthSettings.Issuer

    private struct State {
        var keys = ProviderKeys()
        /// `nil` until the provider has answered.
        var metadata: ProviderMetadata?
        /// The failure of the newest fetch; `nil` if it succeeded.
        var fetchFailure: ProviderError?
        /// The number of verifications that wait for keys.
        var waiting = 0
        var introspection = IntrospectionState()
        /// The number of forms that are being posted for sign-ins.
        var posts = 0
        /// The failure of the newest form; `nil` if it succeeded.
        var postFailure: ProviderError?
    }

    /// The largest number of verifications that may wait for keys.
    private static let waitingMax = 1000
    /// The largest number of forms that are posted at the same time. Any client can make F2S post one, and the keys and
    /// the answers about tokens must still get through.
    private static let postsMax = 4
    private static let tokenFileBytesMax = 64 << 10
    /// A set of keys may have certificates, so it has more structure than a token.
    private static let documentMarksMax = 20_000

    private let state = Mutex(State())
    private let fetches = SharedWork<String, Void>()
    private let transport: any ProviderTransport
    private let clock: any ControlClock
    private let logger: Logger
    private let whenKeyIsRemoved: @Sendable () -> Void

    /// Creates a provider. It sends no request before a token or ``refreshIfDue()`` needs it.
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
    func verify(_ token: JSONWebToken, text: Substring) async throws(CredentialRejection) -> AccessToken {
        try await verifySignature(of: token)
        let verified: AccessToken
        do throws(CredentialError) {
            verified = try AccessToken(
                try token.claims(), type: token.type, issuer: settings, now: clock.secondsSince1970())
        } catch {
            throw CredentialRejection(error)
        }
        if settings.introspection != nil { _ = try await introspect(text, isTrusted: true) }
        return verified
    }

    /// Verifies that a token is signed with a key of the provider.
    /// - Throws: The reason for which it is not, or for which that is unknown.
    func verifySignature(of token: JSONWebToken) async throws(CredentialRejection) {
        guard let algorithm = VerificationKey.Algorithm(token.algorithm) else {
            throw CredentialRejection(.wrongAlgorithm)
        }
        let keys = try await keys(for: token.keyID, algorithm)
        // A key that the library does not accept is not the key of this token.
        guard keys.contains(where: { (try? $0.accepts(token.signature, of: token.signed)) == true }) else {
            throw CredentialRejection(.wrongSignature)
        }
    }

    /// Verifies a token that only the provider can read.
    /// - Parameter isTrusted: True if the token was accepted before.
    /// - Throws: The reason for which the token is not accepted.
    func verify(opaque text: Substring, isTrusted: Bool) async throws(CredentialRejection) -> AccessToken {
        let claims = try await introspect(text, isTrusted: isTrusted)
        do throws(CredentialError) {
            return try AccessToken(
                claims, type: nil, issuer: settings, isIntrospected: true, now: clock.secondsSince1970())
        } catch {
            throw CredentialRejection(error)
        }
    }

    /// Returns the provider's description of itself, which is fetched if it is not known.
    /// - Throws: ``CredentialError/providerUnavailable``, or ``CredentialError/busy``.
    func metadata() async throws(CredentialRejection) -> ProviderMetadata {
        let isUnknown = state.withLock { $0.metadata == nil && $0.keys.mayFetch(now: clock.now()) }
        if isUnknown { try await refreshForToken() }
        guard let metadata = state.withLock({ $0.metadata }) else { throw unavailable }
        return metadata
    }

    /// Posts a form of a sign-in to the provider, and returns its answer. The form is posted once, because a code or a
    /// refresh token may be used once. A failure is logged, except 400, which a wrong code causes.
    /// - Parameter authorization: The value of Authorization; `nil` for none.
    func post(
        _ form: Secret, authorization: Secret?, to url: String
    ) async throws(ProviderError) -> JSONObject {
        let request = ProviderRequest(url: url, authorization: authorization, form: form, caFile: settings.caFile)
        let mayPost = state.withLock { state in
            guard state.posts < Self.postsMax else { return false }
            state.posts += 1
            return true
        }
        guard mayPost else { throw .unreachable(url: url, reason: "too many sign-ins wait for it") }
        do throws(ProviderError) {
            let answer = try Self.object(try await transport.send(request), url)
            state.withLock { state in
                state.posts -= 1
                state.postFailure = nil
            }
            return answer
        } catch {
            let isNew = state.withLock { state in
                state.posts -= 1
                defer { state.postFailure = error }
                return state.postFailure != error
            }
            // Other statuses, such as 401 for a wrong client_secret, are for the operator.
            if isNew, error != .status(url: url, 400) { warn("A sign-in fails: \(error)") }
            throw error
        }
    }

    /// Fetches the keys again if they are old.
    func refreshIfDue() async {
        if state.withLock({ $0.keys.isDue(now: clock.now()) }) { await refresh() }
    }

    // MARK: The keys

    private func keys(
        for id: String?, _ algorithm: VerificationKey.Algorithm
    ) async throws(CredentialRejection) -> [VerificationKey] {
        // After a fetch the choice is another one, unless the keys have just become too old.
        for _ in 0..<3 {
            switch state.withLock({ $0.keys.choice(of: id, algorithm, now: clock.now()) }) {
            case .candidates(let keys): return keys
            case .unknownKey: throw CredentialRejection(.unknownKey)
            case .unavailable: throw unavailable
            case .fetch: try await refreshForToken()
            }
        }
        throw unavailable
    }

    private var unavailable: CredentialRejection {
        CredentialRejection(
            .providerUnavailable, isOutage: state.withLock { $0.fetchFailure.map { $0.isOutage } ?? true })
    }

    private func refreshForToken() async throws(CredentialRejection) {
        let mayWait = state.withLock { state in
            guard state.waiting < Self.waitingMax else { return false }
            state.waiting += 1
            return true
        }
        guard mayWait else { throw CredentialRejection(.busy) }
        await refresh()
        state.withLock { $0.waiting -= 1 }
    }

    /// Fetches the provider's description and its keys. Callers at the same time share one fetch.
    private func refresh() async {
        _ = await fetches.value(for: settings.url) { await fetch() }
    }

    private func fetch() async {
        guard state.withLock({ $0.keys.begin(now: clock.now()) }) else { return }
        do throws(ProviderError) {
            let metadata = try await fetchMetadata()
            let url = metadata?.keysURL ?? settings.keysURL ?? ""
            guard let keys = VerificationKey.keys(of: try await document(url)) else {
                throw .malformed(url: url, "it is not a set of keys")
            }
            fetched(keys, metadata)
        } catch {
            let isNew = state.withLock { state in
                state.keys.fail()
                defer { state.fetchFailure = error }
                return state.fetchFailure != error
            }
            if isNew { warn("The keys of the provider cannot be fetched: \(error)") }
        }
    }

    /// Fetches the provider's description of itself; `nil` if the settings have the URL of its keys. F2S needs nothing
    /// else of a provider at which users cannot sign in.
    private func fetchMetadata() async throws(ProviderError) -> ProviderMetadata? {
        guard settings.keysURL == nil else { return nil }
        return try ProviderMetadata(try await document(ProviderMetadata.url(of: settings)), of: settings)
    }

    private func fetched(_ keys: [VerificationKey], _ metadata: ProviderMetadata?) {
        let (isRemoved, hadFailed) = state.withLock { state in
            defer { state.fetchFailure = nil }
            state.metadata = metadata
            return (state.keys.succeed(keys, now: clock.now()), state.fetchFailure != nil)
        }
        if hadFailed { logger.info("The provider answers again.", metadata: ["issuer": "\(settings.url)"]) }
        if keys.isEmpty, settings.introspection == nil {
            warn("The provider has no key for RS256, ES256 or EdDSA, so its tokens cannot be verified.")
        }
        if isRemoved { whenKeyIsRemoved() }
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
        return try Self.object(try await transport.send(request), url)
    }

    private static func object(_ bytes: [UInt8], _ url: String) throws(ProviderError) -> JSONObject {
        guard let object = JSONObject(bytes, marksMax: documentMarksMax) else {
            throw .malformed(url: url, "it is not a JSON object")
        }
        return object
    }

    private func warn(_ text: String) { logger.warning("\(text)", metadata: ["issuer": "\(settings.url)"]) }

    // MARK: Introspection

    /// Asks the provider about a token.
    /// - Throws: ``CredentialError/inactive`` if the token is not valid, ``CredentialError/providerUnavailable``, or
    ///   ``CredentialError/busy``.
    private func introspect(_ token: Substring, isTrusted: Bool) async throws(CredentialRejection) -> JSONObject {
        guard let client = settings.introspection else { throw CredentialRejection(.unknownScheme) }
        guard let url = try await metadata().introspectionURL else { throw unavailable }
        switch state.withLock({ $0.introspection.begin(isTrusted: isTrusted, now: clock.now()) }) {
        case .allowed: break
        case .busy: throw CredentialRejection(.busy)
        case .outage: throw CredentialRejection(.providerUnavailable, isOutage: true)
        }
        let request = IntrospectionRequest.make(token, client, url, caFile: settings.caFile)
        let answer: JSONObject
        do throws(ProviderError) {
            answer = try Self.object(try await response(to: request), url)
        } catch {
            let isNew = state.withLock { $0.introspection.fail(error, isTrusted: isTrusted, now: clock.now()) }
            if isNew { warn("The provider cannot be asked about tokens: \(error)") }
            throw CredentialRejection(.providerUnavailable, isOutage: error.isOutage)
        }
        if state.withLock({ $0.introspection.succeed(isTrusted: isTrusted) }) {
            logger.info("The provider answers about tokens again.", metadata: ["issuer": "\(settings.url)"])
        }
        guard answer["active"] == .flag(true) else { throw CredentialRejection(.inactive) }
        return answer
    }

    /// Sends a request, and once more if the connection was lost, because the provider may have closed an idle one.
    private func response(to request: ProviderRequest) async throws(ProviderError) -> [UInt8] {
        do throws(ProviderError) {
            return try await transport.send(request)
        } catch {
            guard case .unreachable(_, reason: ProviderError.connectionClosed) = error else { throw error }
            return try await transport.send(request)
        }
    }
}

/// A question about a token (RFC 7662 section 2.1).
private enum IntrospectionRequest {
    static func make(
        _ token: Substring, _ client: AuthSettings.Issuer.Introspection, _ url: String, caFile: String?
    ) -> ProviderRequest {
        ProviderRequest(
            url: url, authorization: FormText.authorization(client: client.clientID, secret: client.clientSecret),
            form: Secret("token=\(FormText.encode(String(token)))&token_type_hint=access_token"), caFile: caFile)
    }
}
