public import F2SModel
import F2SSystem
public import Logging
public import ServiceLifecycle
import Synchronization

/// The authentication of callers by the methods of the settings.
///
/// The result of a verification is remembered for ``rememberedFor`` at most, and no longer than the credentials are
/// valid. A change of the settings makes F2S verify all credentials again, and so does a change of the API tokens for
/// API tokens.
public final class CallerAuthentication: Authenticator, Service {
    private struct State: ~Copyable {
        var verifier: CredentialVerifier
        /// Differs for each version of the settings and of the API tokens, and before and after a provider has removed
        /// a key.
        var version = 0
        /// `nil` if there is no authentication, or if the library fails. Then every request is verified anew.
        var digest: KeyedDigest?
        var accepted = CredentialCache(capacity: CallerAuthentication.acceptedMax)
        /// Kept apart, so that wrong credentials do not displace right ones.
        var refused = CredentialCache(capacity: CallerAuthentication.refusedMax)
        /// The results that are used while the provider of a token does not answer; `nil` if there is no provider.
        var withoutProvider: CredentialCache?

        private let canDigest: Bool

        init(verifier: CredentialVerifier, canDigest: Bool) {
            self.verifier = verifier
            self.canDigest = canDigest
        }

        /// Begins to verify by a version of the settings. The results of earlier ones are forgotten.
        mutating func begin(_ verifier: CredentialVerifier) {
            self.verifier = verifier
            version += 1
            accepted.removeAll()
            refused.removeAll()
            withoutProvider =
                verifier.providers.isEmpty ? nil : CredentialCache(capacity: CallerAuthentication.acceptedMax)
            // The library takes a while to begin, so this waits until it is needed.
            if digest == nil, canDigest, verifier.settings.isProtected { digest = try? KeyedDigest() }
        }

        /// Begins to verify API tokens by another set of them. The results for tokens of the earlier one are forgotten.
        mutating func begin(_ tokens: APITokenSet?) {
            verifier.tokens = tokens
            version += 1
            accepted.forget(issuer: CredentialVerifier.apiTokenIssuer)
            // A token that has just been created may have been tried before this process knew it.
            refused.removeAll()
        }

        func digest(of credentials: Span<UInt8>) -> KeyedDigest.Value? { digest?.digest(of: credentials) }

        /// Returns the digest of a token with its signature, without the scheme, which has many spellings.
        func digest(ofTokenIn credentials: String) -> KeyedDigest.Value? {
            digest(of: credentials.drop { $0 != " " }.utf8Span.span)
        }

        /// Forgets the results for tokens of a provider, which has removed a key.
        mutating func forget(issuer: String) {
            version += 1
            accepted.forget(issuer: issuer)
            withoutProvider?.forget(issuer: issuer)
        }
    }

    /// The longest time for which valid credentials are not verified again.
    static let rememberedFor = Duration.seconds(300)
    /// The time for which the same wrong credentials are rejected without a check.
    static let refusedFor = Duration.seconds(10)
    private static let acceptedMax = 4096
    private static let refusedMax = 512
    /// The number of passwords that may wait for their check, of which each takes about a tenth of a second.
    private static let waitingMax = 50
    /// The time after which a provider that did not answer is asked again about the same token.
    private static let withoutProviderPause = Duration.seconds(10)
    /// The time between two looks for keys that are to be fetched again.
    private static let refreshPause = Duration.seconds(1)

    /// A verification that runs.
    private struct Check: Hashable {
        let credentials: KeyedDigest.Value
        let version: Int
        let client: UInt64?
    }

    /// The number of verifications for one caller, if new settings come into force meanwhile.
    private static let attemptsMax = 10

    private let checks = SharedWork<Check, Result<Principal, CredentialError>>()
    private let state: Mutex<State>
    private let clock: any ControlClock
    private let transport: any ProviderTransport
    private let logger: Logger
    private let passwords = PasswordChecks(queueMax: CallerAuthentication.waitingMax)
    /// The providers of the settings in force, for ``run()``.
    private let providers = Latest<[Provider]>([])
    private let tokens: Latest<APITokenSet?>

    /// Creates the authentication of these settings.
    /// - Parameter tokens: The API tokens; `nil` until they have been read.
    public convenience init(
        _ settings: AuthSettings, tokens: Latest<APITokenSet?>, clock: any ControlClock, logger: Logger
    ) {
        self.init(settings, tokens: tokens, clock: clock, logger: logger, transport: NetworkProviderTransport())
    }

    /// - Parameter canDigest: False to behave as if the library could compute no digest.
    init(
        _ settings: AuthSettings, tokens: Latest<APITokenSet?>, clock: any ControlClock, logger: Logger,
        transport: any ProviderTransport, canDigest: Bool = true
    ) {
        self.tokens = tokens
        self.clock = clock
        self.transport = transport
        self.logger = logger
        let none = CredentialVerifier(
            AuthSettings(), providers: [], tokens: tokens.current, passwords: passwords, clock: clock)
        state = Mutex(State(verifier: none, canDigest: canDigest))
        apply(settings)
    }

    /// Applies changed settings. Credentials that were verified before are verified again.
    public func apply(_ settings: AuthSettings) {
        let all = state.withLock { state -> [Provider]? in
            guard settings != state.verifier.settings else { return nil }
            let known = state.verifier.providers
            // A provider with the same settings keeps its keys.
            let used = settings.methods.contains(.oidc) ? settings.issuers : []
            let all = used.map { issuer in
                known.first { $0.settings == issuer } ?? provider(issuer)
            }
            state.begin(
                CredentialVerifier(
                    settings, providers: all, tokens: state.verifier.tokens, passwords: passwords, clock: clock))
            return all
        }
        if let all { providers.publish(all) }
    }

    /// Applies the newest API tokens. A token that was removed from them is refused from now on.
    public func applyTokens() {
        state.withLock { state in
            // They are read here, so that an earlier set never replaces a newer one.
            let newest = tokens.current
            if newest != state.verifier.tokens { state.begin(newest) }
        }
    }

    private func provider(_ issuer: AuthSettings.Issuer) -> Provider {
        Provider(issuer, transport: transport, clock: clock, logger: logger) { [weak self] in
            self?.state.withLock { $0.forget(issuer: issuer.url) }
        }
    }

    /// Follows the API tokens, and fetches the keys of the providers before tokens need them, until the process ends.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await cancelWhenGracefulShutdown { [self] in
                    for await _ in tokens.values() { applyTokens() }
                }
            }
            group.addTask {
                await cancelWhenGracefulShutdown { [self] in
                    for await _ in providers.values() {
                        while !Task.isCancelled, !providers.current.isEmpty { await refresh() }
                    }
                }
            }
            // It throws if the task is cancelled, which ends the process too.
            try? await gracefulShutdown()
            // Requests under way fail then, so that nothing waits for them.
            await transport.close()
        }
    }

    private func refresh() async {
        await withDiscardingTaskGroup { group in
            for provider in providers.current { group.addTask { await provider.refreshIfDue() } }
        }
        // If the sleep is cancelled, the loop of the caller ends.
        try? await clock.sleep(for: Self.refreshPause)
    }

    /// The verification by the settings in force.
    var verifier: CredentialVerifier { state.withLock { $0.verifier } }

    /// The settings in force.
    public var settings: AuthSettings { verifier.settings }

    /// True if the settings contain a method.
    public var isProtected: Bool { verifier.settings.isProtected }

    /// The methods of the settings, in their order.
    public var methods: [AuthSettings.Method] { verifier.settings.methods }

    /// The challenges of the methods, in their order.
    public var challenges: [String] {
        methods.reduce(into: []) { challenges, method in
            switch method {
            case .none: break
            case .basic: challenges.append(BasicCredentials.challenge)
            // Two methods have the same challenge.
            case .token, .oidc: if !challenges.contains(Self.bearer) { challenges.append(Self.bearer) }
            }
        }
    }

    private static let bearer = "Bearer realm=\"f2s\""

    /// Returns the result of an earlier verification of the same credentials.
    public func recognize(_ credentials: Span<UInt8>) -> Recognition {
        let now = clock.now()
        return state.withLock { state in
            guard let digest = state.digest(of: credentials) else { return .unknown }
            let known = state.accepted.result(of: digest, now: now)
            return known == .unknown ? state.refused.result(of: digest, now: now) : known
        }
    }

    /// Verifies credentials by the methods of the settings. Callers with the same credentials share one verification.
    public func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal {
        for _ in 0..<Self.attemptsMax {
            let (verifier, version) = state.withLock { ($0.verifier, $0.version) }
            guard verifier.settings.isProtected else { return .anonymous }
            guard let credentials else { throw .missing }
            switch recognize(credentials.utf8Span.span) {
            case .known(let principal): return principal
            case .refused(let error): throw error
            case .unknown: break
            }
            let result: Result<Principal, CredentialError>?
            if let digest = state.withLock({ $0.digest(of: credentials.utf8Span.span) }) {
                result = await checks.value(for: Check(credentials: digest, version: version, client: client)) {
                    await verify(credentials, from: client, verifier, version)
                }
            } else {
                // Without a digest nothing tells two credentials apart, so no result is shared.
                result = await verify(credentials, from: client, verifier, version)
            }
            // A result of earlier settings is not valid any more.
            guard let result, state.withLock({ $0.version == version }) else { continue }
            return try result.get()
        }
        throw .busy
    }

    /// Returns the user of a password; `nil` for other credentials.
    public func claimedUser(of credentials: String) -> String? {
        let parts = credentials.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        return try? BasicCredentials(parts[1].drop { $0 == " " }).user
    }

    private func verify(
        _ credentials: String, from client: UInt64?, _ verifier: CredentialVerifier, _ version: Int
    ) async -> Result<Principal, CredentialError> {
        do throws(CredentialRejection) {
            let verified = try await verifier.verify(
                credentials, from: client, wasAccepted: earlierResult(of: credentials) != nil)
            guard verified.principal.isWithinBounds else {
                throw CredentialRejection(.tooLong)
            }
            remember(verified, of: credentials, version)
            return .success(verified.principal)
        } catch {
            let known = remember(error, of: credentials, version)
            return known.map { .success($0) } ?? .failure(error.error)
        }
    }

    private func remember(_ verified: CredentialVerifier.Verified, of credentials: String, _ version: Int) {
        let now = clock.now()
        state.withLock { state in
            // A result of earlier settings is not valid any more.
            guard state.version == version, let digest = state.digest(of: credentials.utf8Span.span) else { return }
            let result = Recognition.known(verified.principal)
            state.accepted.remember(result, of: digest, by: verified.issuer, until: now + verified.validity)
            guard verified.validityWithoutProvider > .zero, let key = state.digest(ofTokenIn: credentials) else {
                return
            }
            state.withoutProvider?.remember(
                result, of: key, by: verified.issuer, until: now + verified.validityWithoutProvider)
        }
    }

    /// Remembers that credentials are not accepted.
    /// - Returns: The caller, if the provider of its token fails and the token was accepted before.
    private func remember(_ rejection: CredentialRejection, of credentials: String, _ version: Int) -> Principal? {
        let now = clock.now()
        return state.withLock { state in
            guard state.version == version, let digest = state.digest(of: credentials.utf8Span.span),
                let key = state.digest(ofTokenIn: credentials)
            else { return nil }
            switch rejection.error {
            // The first two say nothing about the credentials, and the provider may publish the key soon.
            case .busy, .tooManyFailures, .unknownKey: return nil
            case .providerUnavailable:
                guard rejection.isOutage, case .known(let principal)? = state.withoutProvider?.result(of: key, now: now)
                else { return nil }
                // The result ends, like others, when this provider removes a key.
                let issuer = state.withoutProvider?.issuer(of: key)
                state.accepted.remember(
                    .known(principal), of: digest, by: issuer, until: now + Self.withoutProviderPause)
                return principal
            default:
                state.refused.remember(.refused(rejection.error), of: digest, until: now + Self.refusedFor)
                state.withoutProvider?.forget(key)
                return nil
            }
        }
    }

    /// Returns the caller of a token of a provider that was accepted before and has not expired.
    private func earlierResult(of credentials: String) -> Principal? {
        let now = clock.now()
        return state.withLock { state in
            guard state.withoutProvider != nil, let key = state.digest(ofTokenIn: credentials),
                case .known(let principal)? = state.withoutProvider?.result(of: key, now: now)
            else { return nil }
            return principal
        }
    }
}
