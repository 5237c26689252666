public import F2SModel
import Synchronization

/// The sessions of people who use the console with a browser, and their sign-ins at functions.
///
/// Both are sealed in cookies, so every F2S process with the same keys accepts them. The user, token or provider behind
/// a cookie is checked by the settings in force with each request. A process remembers only the sessions that have
/// ended early, those that it has renewed, and the tickets that it has received.
public final class ConsoleSessions: ConsoleSessionProvider {
    private struct State {
        /// The sessions that were ended before their time, by their IDs.
        var ended = RecentTable<String, Void>(capacity: ConsoleSessions.endedMax)
        /// The identities that were renewed, by the IDs of their sessions: requests that were sent meanwhile have the
        /// earlier cookie, and most providers accept a refresh token once.
        var renewed = RecentTable<String, ProviderIdentity>(capacity: ConsoleSessions.renewedMax)
        /// The tickets for functions that were received, by their IDs.
        var tickets = RecentTable<String, Void>(capacity: ConsoleSessions.ticketsMax)
    }

    private static let sessionPurpose: StaticString = "session"
    private static let signInPurpose: StaticString = "sign-in"
    private static let ticketPurpose: StaticString = "function-ticket"
    private static let loginPurpose: StaticString = "function-login"
    private static let endedMax = 10_000
    private static let renewedMax = 1000
    private static let ticketsMax = 1000
    private static let attemptsMax = 10
    /// The number of cookies of one name that are tried.
    private static let cookiesMax = 8
    private static let tabLengths = 16...100

    private let state = Mutex(State())
    private let renewals = SharedWork<String, Result<ProviderIdentity, SignInError>>()
    private let authentication: CallerAuthentication
    private let keys: @Sendable () -> [SealingKey]
    private let clock: any ControlClock

    /// Creates an object without sessions.
    /// - Parameter keys: Returns the keys of the sessions, the newest first; it seals new sessions. Without a key,
    ///   no session can begin.
    public init(
        authentication: CallerAuthentication, keys: @escaping @Sendable () -> [SealingKey], clock: any ControlClock
    ) {
        self.authentication = authentication
        self.keys = keys
        self.clock = clock
    }

    /// See ``ConsoleSessionProvider/methods``.
    public var methods: [SignInMethod] {
        let verifier = authentication.verifier
        return verifier.settings.methods.reduce(into: []) { methods, method in
            switch method {
            case .none: break
            case .basic: methods.append(.password)
            case .token: if !methods.contains(.token) { methods.append(.token) }
            case .oidc:
                for provider in verifier.providers {
                    guard let login = provider.settings.login else { continue }
                    let url = provider.settings.url
                    methods.append(.provider(url: url, title: login.title ?? Self.host(of: url)))
                }
                if !methods.contains(.token) { methods.append(.token) }
            }
        }
    }

    private static func host(of url: String) -> String {
        String(url.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" })
    }

    // MARK: Signing in

    /// See ``ConsoleSessionProvider/signIn(_:from:)``.
    public func signIn(
        _ authorization: String, from client: UInt64?
    ) async throws(CredentialError) -> ConsoleSession {
        // Read before the check: if the password changes meanwhile, the session belongs to the earlier one.
        let settings = authentication.verifier.settings
        let caller = try await authentication.verify(authorization, from: client)
        guard let key = keys().first else { throw .busy }
        let identity: SessionContent.Identity
        if authorization.lowercased().hasPrefix("basic ") {
            let name = try BasicCredentials(authorization.dropFirst(6)).user
            guard let stamp = stamp(of: name, settings, key) else { throw .sessionEnded }
            identity = .user(name: name, stamp: stamp)
        } else {
            identity = .token(authorization: authorization)
        }
        guard let session = try begin(identity, of: caller.name, settings, key) else { throw .tooLong }
        return session
    }

    /// See ``ConsoleSessionProvider/beginSignIn(at:callback:tab:)``.
    public func beginSignIn(
        at provider: String, callback: String, tab: String
    ) async throws(SignInError) -> (location: String, cookie: String) {
        guard Self.tabLengths.contains(tab.utf8.count) else { throw .otherTab }
        let begun = try await flow(at: provider, authentication.verifier).begin(callback: callback, tab: tab)
        guard let key = keys().first, let cookie = try? key.sealJSON(of: begun.pending, for: Self.signInPurpose) else {
            throw .providerUnavailable
        }
        return (begun.location, cookie)
    }

    /// See ``ConsoleSessionProvider/finishSignIn(_:cookies:callback:tab:)``.
    public func finishSignIn(
        _ response: [String: String], cookies: [String], callback: String, tab: String
    ) async throws(SignInError) -> ConsoleSession {
        let begun = cookies.prefix(Self.cookiesMax).compactMap { cookie in
            open(PendingSignIn.self, cookie, for: Self.signInPurpose)?.content
        }
        guard let pending = begun.first(where: { $0.state == response["state"] }) ?? begun.first,
            let key = keys().first
        else { throw .notBegun }
        let verifier = authentication.verifier
        let flow = try flow(at: pending.issuer, verifier)
        let identity = try await flow.finish(
            pending, response, callback: callback, tab: tab,
            isOneOfSeveral: verifier.providers.count { $0.settings.login != nil } > 1)
        guard let stamp = try? key.stamp(of: flow.provider.settings.sessionText) else { throw .providerUnavailable }
        let session = try? begin(.provider(identity, stamp: stamp), of: identity.name, verifier.settings, key)
        guard let session else { throw .tooLong }
        return session
    }

    private func flow(at url: String, _ verifier: CredentialVerifier) throws(SignInError) -> CodeFlow {
        let provider = verifier.providers.first { $0.settings.url.hasSameBytes(as: url) }
        guard let provider, let login = provider.settings.login else { throw .unknownProvider }
        return CodeFlow(provider: provider, login: login, clock: clock)
    }

    /// Begins a session.
    /// - Returns: `nil` if it does not fit in a cookie.
    private func begin(
        _ identity: SessionContent.Identity, of user: String, _ settings: AuthSettings, _ key: SealingKey
    ) throws(CredentialError) -> ConsoleSession? {
        guard let id = try? Crypto.randomBytes(16), let proof = try? Crypto.randomBytes(16) else { throw .busy }
        let content = SessionContent(
            id: CredentialText.encodeURL(id), proof: CredentialText.encodeURL(proof),
            end: clock.secondsSince1970() + settings.sessionLifetime.inSeconds, identity: identity)
        return session(content, of: user, key)
    }

    /// Returns a session as the browser keeps it; `nil` if it does not fit in a cookie. A session without the ID token,
    /// or without a renewal, is better than none.
    private func session(_ content: SessionContent, of user: String, _ key: SealingKey) -> ConsoleSession? {
        var content = content
        while true {
            guard let cookie = try? key.sealJSON(of: content, for: Self.sessionPurpose) else { return nil }
            if cookie.utf8.count <= ConsoleSession.cookieBytesMax {
                let left = content.end - clock.secondsSince1970()
                return ConsoleSession(
                    cookie: cookie, proof: content.proof, lifetimeSeconds: max(0, Int(left)), user: user)
            }
            guard case .provider(var identity, let stamp) = content.identity, identity.dropToken() else { return nil }
            content.identity = .provider(identity, stamp: stamp)
        }
    }

    private func stamp(of user: String, _ settings: AuthSettings, _ key: SealingKey) -> String? {
        settings.users.first { $0.name.hasSameBytes(as: user) }.flatMap { try? key.stamp(of: $0.password) }
    }

    // MARK: Requests with a session

    /// See ``ConsoleSessionProvider/caller(cookies:proof:)``.
    public func caller(cookies: [String], proof: String?) async throws(CredentialError) -> SessionCaller {
        let verifier = authentication.verifier
        guard verifier.settings.isProtected else { return SessionCaller(principal: .anonymous, renewed: nil) }
        let (content, key) = try openSession(cookies, proof)
        let current = try await upToDate(content, key, verifier)
        let principal = try await principal(of: current.identity, key, verifier)
        guard current.identity != content.identity else { return SessionCaller(principal: principal, renewed: nil) }
        return SessionCaller(principal: principal, renewed: session(current, of: principal.name, key))
    }

    /// Returns a session with the newest identity of its user, which is renewed if its time has passed.
    private func upToDate(
        _ content: SessionContent, _ key: SealingKey, _ verifier: CredentialVerifier
    ) async throws(CredentialError) -> SessionContent {
        guard case .provider(let sent, let stamp) = content.identity else { return content }
        let flow = try flow(of: sent, stamp: stamp, key, verifier)
        let known = state.withLock { $0.renewed.value(of: content.id) }
        var identity = known.map { $0.validUntil > sent.validUntil ? $0 : sent } ?? sent
        if identity.validUntil <= clock.secondsSince1970() { identity = try await renew(identity, of: content, flow) }
        var content = content
        content.identity = .provider(identity, stamp: stamp)
        return content
    }

    /// Returns the caller with an identity, by the settings in force. Nothing is renewed.
    /// - Parameter key: The key with which the identity was sealed.
    private func principal(
        of identity: SessionContent.Identity, _ key: SealingKey, _ verifier: CredentialVerifier
    ) async throws(CredentialError) -> Principal {
        switch identity {
        case .user(let name, let stamp):
            let user = verifier.settings.users.first { $0.name.hasSameBytes(as: name) }
            guard verifier.settings.methods.contains(.basic), let user,
                self.stamp(of: name, verifier.settings, key) == stamp
            else { throw .sessionEnded }
            return verifier.principal(name, user.groups)
        case .token(let authorization):
            return try await authentication.verify(authorization, from: nil)
        case .provider(let identity, let stamp):
            _ = try flow(of: identity, stamp: stamp, key, verifier)
            guard identity.validUntil > clock.secondsSince1970() else { throw .sessionEnded }
            let principal = verifier.principal(identity.name, identity.groups)
            guard principal.isWithinBounds else { throw .tooLong }
            return principal
        }
    }

    /// Returns the flow at the provider of an identity.
    /// - Throws: ``CredentialError/sessionEnded`` if the settings of the provider have changed.
    private func flow(
        of identity: ProviderIdentity, stamp: String, _ key: SealingKey, _ verifier: CredentialVerifier
    ) throws(CredentialError) -> CodeFlow {
        guard let flow = try? flow(at: identity.issuer, verifier),
            (try? key.stamp(of: flow.provider.settings.sessionText)) == stamp
        else { throw .sessionEnded }
        return flow
    }

    private func renew(
        _ identity: ProviderIdentity, of content: SessionContent, _ flow: CodeFlow
    ) async throws(CredentialError) -> ProviderIdentity {
        // The work of another request has no result any more if that request has just ended.
        for _ in 0..<Self.attemptsMax {
            let result = await renewals.value(for: content.id) {
                let known = state.withLock { $0.renewed.value(of: content.id) }
                if let known, known.validUntil > clock.secondsSince1970() { return .success(known) }
                do throws(SignInError) {
                    let renewed = try await flow.renew(identity)
                    // The user may have signed out meanwhile.
                    let isKept = state.withLock { state in
                        guard state.ended.value(of: content.id) == nil else { return false }
                        state.renewed.set(renewed, for: content.id)
                        return true
                    }
                    return isKept ? .success(renewed) : .failure(.codeRefused)
                } catch {
                    return .failure(error)
                }
            }
            switch result {
            case .success(let identity): return identity
            case .failure(.providerUnavailable): throw .providerUnavailable
            // The browser may have a newer cookie, so the session itself does not end here.
            case .failure: throw .sessionEnded
            case nil: continue
            }
        }
        throw .busy
    }

    /// Opens the session to which a proof belongs.
    /// - Returns: Its content, and the key with which it was sealed.
    private func openSession(
        _ cookies: [String], _ proof: String?
    ) throws(CredentialError) -> (SessionContent, SealingKey) {
        guard !cookies.isEmpty else { throw .missing }
        var isOpened = false
        for cookie in cookies.prefix(Self.cookiesMax) where cookie.utf8.count <= ConsoleSession.cookieBytesMax {
            guard let (content, key) = open(SessionContent.self, cookie, for: Self.sessionPurpose) else { continue }
            isOpened = true
            guard let proof, Crypto.isEqual(Array(proof.utf8), Array(content.proof.utf8)) else { continue }
            guard !hasEnded(content.id), clock.secondsSince1970() < content.end else { throw .sessionEnded }
            return (content, key)
        }
        throw isOpened ? .withoutProof : .sessionEnded
    }

    /// Opens a text that was sealed with any of the keys.
    private func open<Content: Decodable>(
        _ type: Content.Type, _ text: String, for purpose: StaticString
    ) -> (content: Content, key: SealingKey)? {
        for key in keys() {
            if let content = key.openJSON(of: type, text, for: purpose) { return (content, key) }
        }
        return nil
    }

    /// Returns true if a session was ended before its time.
    private func hasEnded(_ id: String) -> Bool { state.withLock { $0.ended.value(of: id) != nil } }

    // MARK: Signing out

    /// See ``ConsoleSessionProvider/signOut(cookies:proof:returnTo:)``.
    public func signOut(cookies: [String], proof: String?, returnTo: String) async -> EndedSession {
        guard let (content, _) = try? openSession(cookies, proof) else { return EndedSession() }
        let renewed = state.withLock { $0.renewed.value(of: content.id) }
        end(content.id)
        switch content.identity {
        case .user(let name, _): return EndedSession(user: name)
        case .token: return EndedSession()
        case .provider(let sent, _):
            let identity = renewed ?? sent
            let location = await (try? flow(at: sent.issuer, authentication.verifier))?
                .endLocation(of: identity, returnTo: returnTo)
            return EndedSession(user: identity.name, location: location)
        }
    }

    private func end(_ id: String) {
        state.withLock { state in
            state.ended.set((), for: id)
            state.renewed.remove(id)
        }
    }
}

// MARK: Functions

extension ConsoleSessions: FunctionLoginProvider {
    /// See ``FunctionLoginProvider/beginLogin(reusing:)``.
    public func beginLogin(reusing cookies: [String]) throws(CredentialError) -> (cookie: String, state: String) {
        let known = cookies.first { CredentialText.decodeURL($0[...])?.count == FunctionTicket.stateBytes }
        do throws(Crypto.Failure) {
            var cookie = known ?? ""
            if known == nil { cookie = CredentialText.encodeURL(try Crypto.randomBytes(FunctionTicket.stateBytes)) }
            return (cookie, try FunctionTicket.state(of: cookie))
        } catch {
            throw .busy
        }
    }

    /// See ``FunctionLoginProvider/issueTicket(cookies:proof:state:function:target:)``.
    /// - Throws: Also ``CredentialError/tooLong`` if the ticket is longer than ``FunctionTicket/bytesMax``.
    public func issueTicket(
        cookies: [String], proof: String?, state: String, function: Function.ID, target: String
    ) async throws(CredentialError) -> String {
        let verifier = authentication.verifier
        let (sent, key) = try openSession(cookies, proof)
        let session = try await upToDate(sent, key, verifier)
        _ = try await principal(of: session.identity, key, verifier)
        guard let id = try? Crypto.randomBytes(16), let newest = keys().first,
            let identity = loginIdentity(session.identity, newest, verifier)
        else { throw .busy }
        let ticket = FunctionTicket(
            id: CredentialText.encodeURL(id), state: state, target: target,
            end: clock.secondsSince1970() + FunctionLogin.ticketLifetime.inSeconds,
            login: FunctionLoginContent(
                function: function.text, session: session.id, end: session.end, identity: identity))
        guard let text = try? newest.sealJSON(of: ticket, for: Self.ticketPurpose) else { throw .busy }
        guard text.utf8.count <= FunctionTicket.bytesMax else { throw .tooLong }
        return text
    }

    /// Returns the identity of a session for a function's cookie, which is sealed with another key.
    /// - Parameter verifier: The verification by which the identity has just been checked. If the settings have changed
    ///   since then, the stamp is that of the earlier ones, so that the cookie is refused.
    /// - Returns: `nil` if the library fails.
    private func loginIdentity(
        _ identity: SessionContent.Identity, _ key: SealingKey, _ verifier: CredentialVerifier
    ) -> SessionContent.Identity? {
        switch identity {
        case .user(let name, _):
            return stamp(of: name, verifier.settings, key).map { .user(name: name, stamp: $0) }
        case .token:
            return identity
        case .provider(let identity, _):
            guard let flow = try? flow(at: identity.issuer, verifier),
                let stamp = try? key.stamp(of: flow.provider.settings.sessionText)
            else { return nil }
            return .provider(identity.withoutTokens, stamp: stamp)
        }
    }

    /// See ``FunctionLoginProvider/redeem(ticket:stateCookies:)``.
    ///
    /// A ticket that arrives from another browser is of no use afterwards, because it has become known there.
    /// - Throws: Also ``CredentialError/tooLong`` if the cookie is longer than ``ConsoleSession/cookieBytesMax``.
    public func redeem(ticket text: String, stateCookies: [String]) throws(CredentialError) -> FunctionLogin {
        let now = clock.secondsSince1970()
        guard text.utf8.count <= FunctionTicket.bytesMax,
            let (ticket, key) = open(FunctionTicket.self, text, for: Self.ticketPurpose), now < ticket.end
        else { throw .sessionEnded }
        let isFirst = state.withLock { state in
            let isFirst = state.tickets.value(of: ticket.id) == nil
            state.tickets.set((), for: ticket.id)
            return isFirst
        }
        let login = ticket.login.beginning(at: now)
        // The key of the ticket seals the cookie, because the stamp of the identity is by this key.
        guard isFirst, ticket.wasBegun(with: stateCookies.prefix(Self.cookiesMax)), !hasEnded(login.session),
            now < login.end, let cookie = try? key.sealJSON(of: login, for: Self.loginPurpose)
        else { throw .sessionEnded }
        guard cookie.utf8.count <= ConsoleSession.cookieBytesMax else { throw .tooLong }
        return FunctionLogin(
            cookie: cookie, lifetimeSeconds: Int(login.end - now), function: Function.ID(login.function),
            target: ticket.target)
    }

    /// See ``FunctionLoginProvider/caller(loginCookies:at:)``.
    public func caller(
        loginCookies cookies: [String], at function: Function.ID
    ) async throws(CredentialError) -> Principal {
        let verifier = authentication.verifier
        guard verifier.settings.isProtected else { return .anonymous }
        var reason = CredentialError.sessionEnded
        for cookie in cookies.prefix(Self.cookiesMax) where cookie.utf8.count <= ConsoleSession.cookieBytesMax {
            guard let (login, key) = open(FunctionLoginContent.self, cookie, for: Self.loginPurpose),
                login.function.hasSameBytes(as: function.text), clock.secondsSince1970() < login.end,
                !hasEnded(login.session)
            else { continue }
            do throws(CredentialError) {
                return try await principal(of: login.identity, key, verifier)
            } catch {
                // Another cookie may be newer.
                reason = error
            }
        }
        throw reason
    }
}

extension AuthSettings.Issuer {
    /// The settings by which a session at this provider has got its name and groups, as a text.
    fileprivate var sessionText: Secret {
        let conditions = (login?.conditions ?? [:]).sorted { $0.key < $1.key }.map { [$0.key] + $0.value }
        let texts = [url, userClaim, userPrefix, groupsPrefix, login?.clientID ?? ""]
        return Secret("\(texts) \(groupsClaims) \(conditions)")
    }
}
