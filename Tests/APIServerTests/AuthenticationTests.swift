import F2SModel
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
        func verify(_ credentials: String?) async throws(CredentialError) -> Principal { throw error }
    }

    @Test(arguments: CredentialError.allCases)
    func `a rejected caller learns the reason and the methods`(error: CredentialError) async throws {
        let options = TestServer.Options(authenticator: Rejecting(error: error))
        try await TestServer.with(options) { server in
            let answer = try await server.send("GET", "/functions")
            #expect(answer.status == (error == .busy ? 503 : 401))
            #expect(answer.problem?.contains(error.text) == true)
            let wanted = error == .busy ? nil : "Bearer realm=\"test\", Basic realm=\"test\""
            #expect(answer.headers["www-authenticate"] == wanted)
            #expect(answer.headers["retry-after"] == (error == .busy ? "1" : nil))
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

    /// Declares `hello` with this access, and checks the status.
    private func put(_ access: String, _ privileges: String, _ server: TestServer, _ wanted: Int) async throws {
        let headers = ["Content-Type": "application/yaml", "Authorization": "Bearer \(privileges)"]
        let manifest = """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: hello}
            spec: {endpoint: /hello, access: \(access)}
            target: {command: [server]}
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
}
