public import F2SModel
import F2SSystem
import Synchronization

/// The authentication of callers by the methods of the settings.
///
/// The result of a verification is remembered for ``rememberedFor`` at most, and no longer than the credentials are
/// valid. A change of the settings makes F2S verify all credentials again.
public final class CallerAuthentication: Authenticator {
    private struct State: ~Copyable {
        var rules: Rules
        /// Differs for each version of the settings.
        var version = 0
        /// `nil` if there is no authentication, or if the library fails. Then every request is verified anew.
        var digest: KeyedDigest?
        var accepted = CredentialCache(capacity: CallerAuthentication.acceptedMax)
        /// Kept apart, so that wrong credentials do not displace right ones.
        var refused = CredentialCache(capacity: CallerAuthentication.refusedMax)

        private let canDigest: Bool

        init(rules: Rules, canDigest: Bool) {
            self.rules = rules
            self.canDigest = canDigest
        }

        /// The library takes a while to begin, so this waits until it is needed.
        mutating func makeDigest() {
            if digest == nil, canDigest { digest = try? KeyedDigest() }
        }

        func digest(of credentials: Span<UInt8>) -> KeyedDigest.Value? { digest?.digest(of: credentials) }
    }

    private struct Rules: Sendable {
        let settings: AuthSettings
        let users: UserTable

        init(_ settings: AuthSettings) {
            self.settings = settings
            users = UserTable(settings.users)
        }
    }

    private struct Verified: Sendable {
        let principal: Principal
        /// The time for which the result may be remembered.
        var validity = CallerAuthentication.rememberedFor
    }

    /// The longest time for which valid credentials are not verified again.
    static let rememberedFor = Duration.seconds(300)
    /// The time for which the same wrong credentials are rejected without a check.
    static let refusedFor = Duration.seconds(10)
    private static let acceptedMax = 4096
    private static let refusedMax = 512
    /// The number of passwords that may wait for their check, of which each takes about a tenth of a second.
    private static let waitingMax = 50

    /// A verification that runs.
    private struct Check: Hashable {
        let credentials: KeyedDigest.Value
        let version: Int
    }

    /// The number of verifications for one caller, if new settings come into force meanwhile.
    private static let attemptsMax = 10

    private let checks = SharedWork<Check, Result<Principal, CredentialError>>()
    private let state: Mutex<State>
    private let clock: any ControlClock
    private let thread = WorkThread(name: "f2s-passwords", queueMax: CallerAuthentication.waitingMax)

    /// Creates the authentication of these settings.
    public convenience init(_ settings: AuthSettings, clock: any ControlClock) {
        self.init(settings, clock: clock, canDigest: true)
    }

    /// - Parameter canDigest: False to behave as if the library could compute no digest.
    init(_ settings: AuthSettings, clock: any ControlClock, canDigest: Bool) {
        self.clock = clock
        state = Mutex(State(rules: Rules(settings), canDigest: canDigest))
        if settings.isProtected { state.withLock { $0.makeDigest() } }
    }

    /// Applies changed settings. Credentials that were verified before are verified again.
    public func apply(_ settings: AuthSettings) {
        state.withLock { state in
            guard settings != state.rules.settings else { return }
            state.rules = Rules(settings)
            state.version += 1
            if settings.isProtected { state.makeDigest() }
            state.accepted.removeAll()
            state.refused.removeAll()
        }
    }

    /// True if the settings contain a method.
    public var isProtected: Bool { state.withLock { $0.rules.settings.isProtected } }

    /// The methods of the settings, in their order.
    public var methods: [AuthSettings.Method] { state.withLock { $0.rules.settings.methods } }

    /// The challenges of the methods, in their order.
    public var challenges: [String] {
        methods.compactMap { method in
            switch method {
            case .none: nil
            case .basic: BasicCredentials.challenge
            case .token: "Bearer realm=\"f2s\""
            }
        }
    }

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
    public func verify(_ credentials: String?) async throws(CredentialError) -> Principal {
        for _ in 0..<Self.attemptsMax {
            let (rules, version) = state.withLock { ($0.rules, $0.version) }
            guard rules.settings.isProtected else { return .anonymous }
            guard let credentials else { throw .missing }
            switch recognize(credentials.utf8Span.span) {
            case .known(let principal): return principal
            case .refused(let error): throw error
            case .unknown: break
            }
            let result: Result<Principal, CredentialError>?
            if let digest = state.withLock({ $0.digest(of: credentials.utf8Span.span) }) {
                result = await checks.value(for: Check(credentials: digest, version: version)) {
                    await verify(credentials, rules, version)
                }
            } else {
                // Without a digest nothing tells two credentials apart, so no result is shared.
                result = await verify(credentials, rules, version)
            }
            // A result of earlier settings is not valid any more.
            guard let result, state.withLock({ $0.version == version }) else { continue }
            return try result.get()
        }
        throw .busy
    }

    private func verify(
        _ credentials: String, _ rules: Rules, _ version: Int
    ) async -> Result<Principal, CredentialError> {
        do throws(CredentialError) {
            let verified = try await check(credentials, rules)
            guard verified.principal.fieldLines.count <= Principal.fieldBytesMax else { throw .tooLong }
            remember(.known(verified.principal), of: credentials, version, for: verified.validity)
            return .success(verified.principal)
        } catch {
            // That F2S is busy says nothing about the credentials.
            if error != .busy { remember(.refused(error), of: credentials, version, for: Self.refusedFor) }
            return .failure(error)
        }
    }

    private func remember(
        _ result: Recognition, of credentials: String, _ version: Int, for validity: Duration
    ) {
        let end = clock.now() + validity
        state.withLock { state in
            // A result of earlier settings is not valid any more.
            guard state.version == version, let digest = state.digest(of: credentials.utf8Span.span) else {
                return
            }
            if case .known = result {
                state.accepted.remember(result, of: digest, until: end)
            } else {
                state.refused.remember(result, of: digest, until: end)
            }
        }
    }

    // MARK: The methods

    private func check(_ credentials: String, _ rules: Rules) async throws(CredentialError) -> Verified {
        // One space exactly, so that one credential has one place in the cache.
        let parts = credentials.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].hasPrefix(" ") else { throw .malformed }
        let scheme = parts[0].lowercased()
        let text = parts[1]
        for method in rules.settings.methods {
            switch method {
            case .none: continue
            case .basic where scheme == "basic": return try await checkPassword(BasicCredentials(text), rules)
            case .token where scheme == "bearer" && SignedToken.isLike(text): return try checkToken(text, rules)
            case .basic, .token: continue
            }
        }
        throw .unknownScheme
    }

    private func checkPassword(
        _ credentials: BasicCredentials, _ rules: Rules
    ) async throws(CredentialError) -> Verified {
        let result: Result<[String], CredentialError>
        do {
            result = try await thread.run { () -> Result<[String], CredentialError> in
                do throws(CredentialError) { return .success(try rules.users.groups(for: credentials)) } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .busy
        }
        let groups = try result.get()
        return Verified(
            principal: Principal(name: credentials.user, groups: groups, grants: rules.settings.grants(of: groups)))
    }

    private func checkToken(_ text: Substring, _ rules: Rules) throws(CredentialError) -> Verified {
        guard let key = rules.settings.token.key else { throw .unknownScheme }
        let now = clock.secondsSince1970()
        let token = try SignedToken(
            text, key: key, requiresExpiry: rules.settings.token.requiresExpiry, now: now)
        var verified = Verified(
            principal: Principal(
                name: token.subject, groups: token.groups, grants: rules.settings.grants(of: token.groups)))
        // A time of expiry may be further away than a duration can express.
        if let expiry = token.expiry, expiry + SignedToken.skew - now < verified.validity.inSeconds {
            verified.validity = .seconds(expiry + SignedToken.skew - now)
        }
        return verified
    }
}
