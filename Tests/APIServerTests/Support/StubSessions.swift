import F2SModel
import Synchronization

@testable import F2SAPIServer

/// Sessions whose cookies list their grants, separated by `|`. The proof of a session is its cookie behind `proof-`.
final class StubSessions: ConsoleSessionProvider {
    let methods: [SignInMethod] = [
        .password, .token, .provider(url: "https://id.example/a?b=c d", title: "Example <1>"),
    ]
    /// The clients that have signed in with a password or a token.
    let clients = Mutex<[UInt64?]>([])
    /// The callbacks of sign-ins at the provider.
    let callbacks = Mutex<[String]>([])

    /// A proof with every character that is special in HTML.
    static let specialProof = "\"><script>&'"

    /// Returns a session.
    static func session(_ cookie: String, proof: String? = nil) -> ConsoleSession {
        ConsoleSession(cookie: cookie, proof: proof ?? "proof-\(cookie)", lifetimeSeconds: 3600, user: "ann")
    }

    /// Returns the headers of a request that a page of the console sends with a session.
    static func headers(_ cookie: String) -> [String: String] {
        [
            "Cookie": "other=1; f2s-session=\(cookie)", "X-F2S-Session": "proof-\(cookie)",
            "Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin",
        ]
    }

    func signIn(_ authorization: String, from client: UInt64?) async throws(CredentialError) -> ConsoleSession {
        clients.withLock { $0.append(client) }
        switch authorization {
        // The user is `ann`, and the password `right: `.
        case "Basic YW5uOnJpZ2h0OiA=", "Bearer good": return Self.session("functions:list")
        case "Bearer busy": throw .busy
        case "Bearer often": throw .tooManyFailures
        default: throw .wrongPassword
        }
    }

    func beginSignIn(
        at provider: String, callback: String, tab: String
    ) async throws(SignInError) -> (location: String, cookie: String) {
        callbacks.withLock { $0.append(callback) }
        guard provider == "https://id.example/a?b=c d" else { throw .unknownProvider }
        return ("https://id.example/authorize?state=s", "pending")
    }

    func finishSignIn(
        _ response: [String: String], cookies: [String], callback: String, tab: String
    ) async throws(SignInError) -> ConsoleSession {
        callbacks.withLock { $0.append(callback) }
        guard cookies.contains("pending") else { throw .notBegun }
        if let code = response["error"] { throw .refused(code: code) }
        guard tab == "the-tab-of-the-console" else { throw .otherTab }
        guard response == ["state": "s", "code": "a b+c/d"] else { throw .wrongState }
        return Self.session("functions:list", proof: Self.specialProof)
    }

    func caller(cookies: [String], proof: String?) async throws(CredentialError) -> SessionCaller {
        guard !cookies.isEmpty else { throw .missing }
        guard !cookies.contains("ended") else { throw .sessionEnded }
        guard let cookie = cookies.first(where: { proof == "proof-\($0)" }) else { throw .withoutProof }
        guard cookie != "silent" else { throw .providerUnavailable }
        let isOld = cookie.hasPrefix("old|")
        let texts = cookie.split(separator: "|").drop { $0 == "old" }.map { String($0) }
        let grants = texts.compactMap { try? Grant($0, field: "cookie") }
        guard grants.count == texts.count else { throw .sessionEnded }
        let renewed = isOld ? Self.session("new|\(texts.joined(separator: "|"))") : nil
        return SessionCaller(
            principal: Principal(name: "ann", groups: ["admins"], grants: Set(grants)), renewed: renewed)
    }

    func signOut(cookies: [String], proof: String?, returnTo: String) async -> EndedSession {
        guard cookies.contains(where: { proof == "proof-\($0)" }) else { return EndedSession() }
        return EndedSession(user: "ann", location: "https://id.example/logout?to=\(returnTo)")
    }
}
