import F2SConfig
import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct AuthenticationTests {
    /// Rejects all credentials for one reason.
    private struct Rejecting: Authenticator {
        let error: CredentialError
        let isProtected = true
        let methods = [AuthSettings.Method.token, .basic]
        let challenges = ["Bearer realm=\"test\"", "Basic realm=\"test\""]

        func recognize(_ credentials: Span<UInt8>) -> Recognition { .unknown }
        func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal {
            throw error
        }
    }

    @Test(arguments: CredentialError.allCases)
    func `a rejected caller learns the reason and the methods`(error: CredentialError) async throws {
        let options = TestServer.Options(authenticator: Rejecting(error: error))
        try await TestServer.with(options) { server in
            let answer = try await server.send("GET", "/functions")
            let status = [CredentialError.busy: 503, .providerUnavailable: 503, .tooManyFailures: 429][error] ?? 401
            #expect(answer.status == status)
            #expect(answer.problem?.contains(error.text) == true)
            let wanted = status != 401 ? nil : "Bearer realm=\"test\", Basic realm=\"test\""
            #expect(answer.headers["www-authenticate"] == wanted)
            #expect(answer.headers["retry-after"] == [503: "1", 429: "5"][status])
        }
    }

    @Test func `the methods are public, and a caller sees itself`() async throws {
        try await TestServer.with(TestServer.Options(authenticator: StubAuthenticator())) { server in
            #expect(try await server.send("GET", "/auth/type").body == "token\n")
            #expect(try await server.send("GET", "/users/me").status == 401)
            let headers = ["Authorization": "Bearer functions:invoke@team-*"]
            let caller = try await server.send("GET", "/users/me", headers: headers)
            #expect(caller.status == 200)
            #expect(caller.body.contains(#""Username" : "ann""#), "\(caller.body)")
            #expect(caller.body.contains("functions:invoke@team-*"))
        }
    }

    @Test func `the routes of F2S 0.5 about users answer in their form, without secrets`() async throws {
        var options = TestServer.Options(authenticator: StubAuthenticator())
        options.settings.auth.users = [
            AuthSettings.User(name: "ann", password: Secret("hidden"), groups: ["admins", "team"]),
            AuthSettings.User(name: "bob", password: Secret("hidden"), groups: []),
        ]
        try await TestServer.with(options) { server in
            let headers = ["Authorization": "Bearer settings:view"]
            let users = try await server.send("GET", "/users", headers: headers)
            #expect(users.status == 200 && !users.body.contains("hidden"))
            #expect(users.body.contains(#""Username" : "ann""#) && users.body.contains(#""Group" : "admins""#))
            #expect(
                try await server.send("GET", "/users", headers: ["Authorization": "Bearer functions:list"]).status
                    == 403)
            #expect(try await server.send("GET", "/auth/signin", headers: headers).body.contains(#""status" : "ok""#))
            #expect(try await server.send("GET", "/auth/signin").status == 401)
            let oracle = try await server.send("POST", "/auth/signjwt")
            #expect(oracle.status == 410 && oracle.body.contains("signs no tokens"))
        }
    }

    /// Declares `hello` with this access, and checks the status.
    private func put(
        _ access: String, forwards: Bool = false, _ privileges: String, _ server: TestServer, _ wanted: Int
    ) async throws {
        let headers = ["Content-Type": "application/yaml", "Authorization": "Bearer \(privileges)"]
        let manifest = """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: hello}
            spec: {endpoint: /hello, access: \(access)}
            target: {command: [server], forwardAuthorization: \(forwards)}
            """
        let answer = try await server.send("PUT", "/functions/hello", headers: headers, body: manifest)
        #expect(answer.status == wanted, "\(access) by \(privileges): \(answer.body)")
    }

    @Test func `only callers with the privilege make a function public, and others may keep it so`() async throws {
        let options = TestServer.Options(functions: [try .sample("hello")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            let update = "functions:update"
            try await put("authenticated", update, server, 200)
            try await put("public", update, server, 403)
            try await put("public", "\(update),functions:expose@other", server, 403)
            try await put("public", "\(update),functions:expose@hello", server, 200)
            try await put("public", update, server, 200)
            try await put("{groups: [a]}", update, server, 200)
            try await put("public", update, server, 403)
            try await put("public", "functions:expose", server, 403)
        }
    }

    @Test func `only callers with the privilege let a function receive credentials`() async throws {
        let options = TestServer.Options(functions: [try .sample("hello")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            let update = "functions:update"
            try await put("authenticated", forwards: true, update, server, 403)
            try await put("authenticated", forwards: true, "\(update),functions:expose@hello", server, 200)
            try await put("authenticated", forwards: true, update, server, 200)
            try await put("public", forwards: true, update, server, 403)
            try await put("authenticated", update, server, 200)
            try await put("authenticated", forwards: true, update, server, 403)
        }
    }

    /// Accepts no one, and records the clients.
    private final class Recording: Authenticator {
        let clients = Mutex<[UInt64?]>([])
        let isProtected = true
        let methods = [AuthSettings.Method.basic]
        let challenges = ["Basic realm=\"test\""]

        func recognize(_ credentials: Span<UInt8>) -> Recognition { .unknown }
        func verify(_ credentials: String?, from client: UInt64?) async throws(CredentialError) -> Principal {
            clients.withLock { $0.append(client) }
            throw .wrongPassword
        }
    }

    @Test(arguments: [
        (nil, nil), ("192.0.2.1", "192.0.2.1"), ("198.51.100.7, 192.0.2.1", "192.0.2.1"),
        ("198.51.100.7, 10.0.0.1", "198.51.100.7"), ("1.1.1.1, 198.51.100.7,10.0.0.2, 10.0.0.1", "198.51.100.7"),
        ("198.51.100.7:4711, 10.0.0.1", "198.51.100.7"), ("[2001:db8::1]:4711, 10.0.0.1", "2001:db8::1"),
        ("unknown, 10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::2"),
    ])
    func `wrong passwords are counted by the last address that is not a trusted proxy's`(
        forwardedFor: String?, client: String?
    ) async throws {
        let authenticator = Recording()
        let proxy = try #require(AddressRange("10.0.0.0/8"))
        var options = TestServer.Options(authenticator: authenticator)
        options.settings.trustedProxies = [proxy]
        var headers: [String: String] = [:]
        headers["X-Forwarded-For"] = forwardedFor
        let sent = headers
        try await TestServer.with(options) { server in
            let answer = try await server.send("GET", "/functions", headers: sent)
            #expect(answer.status == 401)
        }
        let wanted = client.flatMap { IPAddress(Array($0.utf8)) }?.rateKey
        #expect(authenticator.clients.withLock { $0 } == [wanted])
    }
}
