import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

/// The audit log of the API and of the console.
@Suite struct AuditTests {
    private final class SampleLog: AuditLog {
        private let state = Mutex<[AuditEntry]>([])
        var entries: [AuditEntry] { state.withLock { $0 } }
        func record(_ entry: AuditEntry) { state.withLock { $0.append(entry) } }

        /// Returns the entries since the last call.
        func take() -> [AuditEntry] {
            state.withLock { state in
                defer { state = [] }
                return state
            }
        }
    }

    private func options(_ log: SampleLog, sessions: StubSessions? = nil) throws -> TestServer.Options {
        var options = TestServer.Options(
            functions: [try .sample("hello")], authenticator: StubAuthenticator(), sessions: sessions)
        options.auditLog = log
        return options
    }

    private static let manifest = """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: other}
        spec: {endpoint: /other}
        target: {command: [server]}
        """

    @Test(
        arguments: [
            ("GET", "/functions", "functions:list", 200), ("GET", "/functions/hello", "functions:list", 200),
            ("GET", "/users/me", "functions:list", 200), ("GET", "/auth/type", nil, 200),
            ("HEAD", "/functions", "functions:list", 200),
        ] as [(String, String, String?, Int)])
    func `a request that only reads is not recorded`(
        method: String, path: String, privilege: String?, status: Int
    ) async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log)) { server in
            let headers = privilege.map { ["Authorization": "Bearer \($0)"] } ?? [:]
            let answer = try await server.send(method, path, headers: headers)
            #expect(answer.status == status)
            #expect(log.entries.isEmpty)
        }
    }

    @Test func `a check of a declaration is not recorded, and an invocation is`() async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log)) { server in
            func send(_ path: String, _ type: String, _ body: String, _ grant: String) async throws -> Int {
                try await server.send(
                    "POST", path, headers: ["Content-Type": type, "Authorization": "Bearer \(grant)"], body: body
                ).status
            }
            let checked = try await send("/manifests", "application/yaml", Self.manifest, "functions:create")
            #expect(checked == 200 && log.take().isEmpty)
            let path = "/functions/hello/invocations"
            let invoked = try await send(path, "application/json", "{}", "functions:invoke")
            let entries = log.take()
            #expect(invoked == 200 && entries.map(\.action) == ["POST \(path)"])
            #expect(entries.map(\.function) == ["hello"] && entries.map(\.user) == ["ann"])
            let refused = try await send("/manifests", "application/yaml", Self.manifest, "functions:delete")
            #expect(refused == 403 && log.take().map(\.result) == [.refused])
        }
    }

    @Test(
        arguments: [
            ("POST", "/functions", "functions:create", 201, "other", "ann"),
            ("POST", "/functions", "functions:list", 403, nil, "ann"), ("POST", "/functions", nil, 401, nil, nil),
            ("PUT", "/functions/other", "functions:create", 201, "other", "ann"),
            ("DELETE", "/functions/hello", "functions:delete", 204, "hello", "ann"),
            ("DELETE", "/functions/none", "functions:delete", 404, "none", "ann"),
            ("DELETE", "/functions/hello", "functions:delete@team-*", 403, "hello", "ann"),
            ("POST", "/functions/hello/restart", "functions:update", 202, "hello", "ann"),
            ("GET", "/functions", nil, 401, nil, nil), ("GET", "/config", "functions:list", 403, nil, "ann"),
        ] as [(String, String, String?, Int, String?, String?)])
    func `each action and each refused request is recorded`(
        method: String, path: String, privilege: String?, status: Int, function: String?, user: String?
    ) async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log)) { server in
            var headers = ["Content-Type": "application/yaml", "X-Forwarded-For": "192.0.2.7"]
            headers["Authorization"] = privilege.map { "Bearer \($0)" }
            let body = method == "POST" || method == "PUT" ? Self.manifest : nil
            let answer = try await server.send(method, path, headers: headers, body: body)
            #expect(answer.status == status, "\(answer.body)")
            let entry = try #require(log.entries.first)
            #expect(log.entries.count == 1)
            #expect(entry.action == "\(method) \(path)" && entry.status == status)
            #expect(entry.function == function && entry.user == user && entry.client == "192.0.2.7")
            #expect((entry.reason == nil) == (status < 400))
        }
    }

    @Test func `a page of another site is recorded as refused`() async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log)) { server in
            let headers = ["Origin": "http://evil.example", "Authorization": "Bearer functions:list"]
            #expect(try await server.send("GET", "/functions", headers: headers).status == 403)
            let entry = try #require(log.entries.first)
            #expect(entry.result == .refused && entry.reason?.contains("evil.example") == true && entry.user == nil)
        }
    }

    @Test func `an entry contains no credentials`() async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log)) { server in
            for credentials in ["Basic c2VjcmV0OnNlY3JldA==", "Bearer secret", "secret"] {
                _ = try await server.send("POST", "/functions?x=secret", headers: ["Authorization": credentials])
            }
            #expect(log.entries.count == 3)
            #expect(!"\(log.entries)".contains("ecret"))
        }
    }

    @Test(arguments: [("functions:invoke", 200), ("functions:list", 403)])
    func `a sign-in at a function is recorded with its user and the function`(
        grants: String, status: Int
    ) async throws {
        let log = SampleLog()
        var options = try options(log, sessions: StubSessions())
        options.functions = [try .sample("report").with { $0.offersLogin = true }]
        try await TestServer.with(options) { server in
            let headers = StubSessions.headers(grants).merging(["Content-Type": "application/json"]) { $1 }
            let body = #"{"to": "/invoke/report", "state": "\#(StubLogins.state)"}"#
            let answer = try await server.sendToConsole("POST", "/login", headers: headers, body: body)
            #expect(answer.status == status, "\(answer.body)")
            let entry = try #require(log.take().first)
            #expect(entry.action == "POST /login" && entry.status == status)
            #expect(entry.user == "ann" && entry.function == "report")
        }
    }

    @Test func `sign-ins and sign-outs at the console are recorded with their user`() async throws {
        let log = SampleLog()
        try await TestServer.with(try options(log, sessions: StubSessions())) { server in
            let origin = ["Origin": "http://localhost:8090", "Content-Type": "application/json"]
            func send(_ method: String, _ body: String? = nil, _ headers: [String: String] = [:]) async throws -> Int {
                let all = origin.merging(headers) { _, own in own }
                return try await server.sendToConsole(method, "/session", headers: all, body: body).status
            }
            let right = try await send("POST", #"{"user":"ann","password":"right: "}"#)
            #expect(right == 200)
            #expect(log.take().map(\.user) == ["ann"])
            let wrong = try await send("POST", #"{"user":"ann","password":"wrong"}"#)
            #expect(wrong == 401)
            let refused = log.take()
            #expect(refused.map(\.user) == [nil] && refused.map(\.result) == [.refused])
            let view = try await send("GET")
            #expect(view == 200)
            #expect(log.take().isEmpty)
            let end = try await send("DELETE", nil, StubSessions.headers("functions:list"))
            #expect(end == 200)
            #expect(log.take().map(\.user) == ["ann"])
        }
    }
}
