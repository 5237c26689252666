import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// The callers that may use each route, and the functions for which they may.
@Suite struct PrivilegeTests {
    /// A way in which a caller identifies itself.
    enum Way: Sendable, Hashable, CaseIterable {
        case api, consoleByAuthorization, consoleBySession

        var listener: TestServer.Listener { self == .api ? .api : .console }

        /// The headers of a caller with these grants.
        func headers(_ grants: String) -> [String: String] {
            switch self {
            case .api, .consoleByAuthorization: ["Authorization": "Bearer \(grants)"]
            case .consoleBySession: StubSessions.headers(grants)
            }
        }

        /// The headers of callers that cannot be identified.
        var unknown: [[String: String]] {
            let authorizations = [
                "Bearer wrong", "Basic aGVsbG86d29ybGQ=", "bearer", "Bearer functions:list functions:list",
            ].map { ["Authorization": $0] }
            switch self {
            case .api: return [[:]] + authorizations
            // The session is not used beside an Authorization field.
            case .consoleByAuthorization:
                return authorizations + authorizations.map { $0.merging(StubSessions.headers("functions:list")) { $1 } }
            case .consoleBySession:
                let origin = ["Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin"]
                let cookie = "f2s-session=functions:list"
                let proof = "proof-functions:list"
                return [
                    [:], ["Cookie": cookie], ["X-F2S-Session": proof], ["Cookie": cookie, "X-F2S-Session": "proof-"],
                    ["Cookie": "f2s-session=a; f2s-session=b", "X-F2S-Session": proof],
                    ["Cookie": "__Host-\(cookie)", "X-F2S-Session": proof], StubSessions.headers("ended"),
                    StubSessions.headers("unknown:grant"),
                ].map { $0.merging(origin) { own, _ in own } }
            }
        }

        var challenge: String { self == .api ? "Bearer realm=\"F2S\"" : "F2S-Session realm=\"f2s\"" }
    }

    /// One credential and the expected decision.
    private struct Attempt {
        let headers: [String: String]
        let isKnown: Bool
        let isAllowed: Bool
    }

    /// Returns every credential that the matrix contains, and the decision about the function `hello`.
    private func attempts(for route: APIRoute, by way: Way) -> [Attempt] {
        guard route.access != .everybody else {
            return way.unknown.map { Attempt(headers: $0, isKnown: true, isAllowed: true) }
        }
        // A check of a declaration needs any of its privileges.
        let checks = "POST /manifests"
        let lists = ["GET /functions", "GET /overview", "GET /changes", checks]
        // A PUT replaces `hello`, which exists.
        let needed = route.name == checks ? route.access.privileges : Array(route.access.privileges.prefix(1))
        return way.unknown.map { Attempt(headers: $0, isKnown: false, isAllowed: false) }
            + Privilege.allCases.map {
                Attempt(
                    headers: way.headers($0.rawValue), isKnown: true,
                    isAllowed: needed.isEmpty || needed.contains($0))
            }
            + Privilege.allCases.filter(\.isAboutFunctions).flatMap { privilege in
                ["hel*", "other-*"].map { pattern in
                    // A list shows the functions that the caller may read, and may be empty.
                    let isNamed = route.path.contains("{name}") || route.name == "POST /functions"
                    let fits = isNamed ? pattern == "hel*" : lists.contains(route.name)
                    return Attempt(
                        headers: way.headers("\(privilege.rawValue)@\(pattern)"), isKnown: true,
                        isAllowed: needed.isEmpty || needed.contains(privilege) && fits)
                }
            }
    }

    @Test(arguments: Way.allCases)
    func `each route needs its own privilege, for the function that it is about`(way: Way) async throws {
        let options = TestServer.Options(
            functions: [try .sample("hello")], authenticator: StubAuthenticator(), sessions: StubSessions())
        try await TestServer.with(options) { server in
            var checks = 0
            for route in way == .api ? server.routes : server.consoleRoutes {
                for attempt in attempts(for: route, by: way) {
                    checks += 1
                    try await check(attempt, route, way, server)
                }
            }
            print("\(checks) combinations of route and credential")
            #expect(checks > 250)
        }
    }

    private func check(_ attempt: Attempt, _ route: APIRoute, _ way: Way, _ server: TestServer) async throws {
        let method = String(route.name.prefix { $0 != " " })
        let headers = attempt.headers.merging(["Content-Type": "application/yaml"]) { own, _ in own }
        let path =
            route.path.replacing("{name}", with: "hello").replacing("{provider}", with: "acme")
            .replacing("{id}", with: "0123456789ab").replacing("{generation}", with: "1")
            .replacing("{secret}", with: "keys")
            + (["/events", "/changes"].contains(route.path) ? "?follow=false" : "")
        let answer = try await server.send(
            to: way.listener, method, path, headers: headers, body: manifest("hello"))
        let what: Comment = "\(route.name) with \(attempt.headers): \(answer.status)"
        guard attempt.isKnown else {
            #expect(answer.status == 401, what)
            #expect(answer.headers["www-authenticate"] == way.challenge, what)
            return
        }
        guard attempt.isAllowed else {
            #expect(answer.status == 403, what)
            #expect(route.access.privileges.contains { answer.problem?.contains($0.rawValue) == true }, what)
            return
        }
        #expect(answer.status != 401 && answer.status != 403, what)
        guard route.name == "DELETE /functions/{name}" else { return }
        let creator = ["Authorization": "Bearer functions:create"]
        #expect(try await server.send("POST", "/functions", yaml: manifest("hello"), headers: creator).status == 201)
    }

    @Test func `a caller with a pattern sees, declares and changes the functions that match it`() async throws {
        let options = TestServer.Options(
            functions: [try .sample("team-a-x"), try .sample("team-b-x")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            func send(
                _ method: String, _ name: String, _ grants: String, _ extra: [String: String] = [:]
            ) async throws -> Answer {
                try await server.send(
                    method, "/functions" + (method == "PUT" ? "/\(name)" : ""), yaml: manifest(name),
                    headers: extra.merging(["Authorization": "Bearer \(grants)"]) { $1 })
            }
            func names(_ grants: String) async throws -> [String?] {
                try await server.send("GET", "/functions", headers: ["Authorization": "Bearer \(grants)"])
                    .json["items"]?.items.map { $0["metadata"]?["name"]?.text } ?? []
            }
            #expect(try await names("functions:list") == ["team-a-x", "team-b-x"])
            #expect(try await names("functions:list@team-a-*") == ["team-a-x"])
            #expect(try await names("functions:list@nobody") == [])
            let creator = "functions:create@team-a-*"
            #expect(try await send("POST", "team-a-y", creator).status == 201)
            #expect(try await send("POST", "team-b-y", creator).status == 403)
            #expect(try await send("PUT", "team-a-z", creator, ["If-None-Match": "*"]).status == 201)
            #expect(try await send("PUT", "team-a-w", creator).status == 201)
            #expect(try await send("PUT", "team-b-x", "functions:update").status == 200)
            for (name, grants, missing) in [
                ("team-a-x", creator, "functions:update"), ("team-b-z", "functions:update", "functions:create"),
            ] {
                let answer = try await send("PUT", name, grants)
                #expect(answer.status == 403)
                #expect(answer.problem?.contains(missing) == true)
            }
            #expect(server.memory.functions.current.functions.count == 5)
        }
    }

    @Test func `a response does not tell whether a function exists that the caller may not read`() async throws {
        let options = TestServer.Options(
            functions: [try .sample("team-b-pay")], authenticator: StubAuthenticator())
        try await TestServer.with(options) { server in
            var seen: [String: Set<String>] = [:]
            for name in ["team-b-pay", "team-b-new"] {
                for extra in [[:], ["If-Match": "\"q\""], ["If-None-Match": "\"q\""], ["If-None-Match": "*"]] {
                    for grants in ["functions:update@team-a-*", "functions:create@team-a-*,functions:list@team-a-*"] {
                        let answer = try await server.send(
                            "PUT", "/functions/\(name)", yaml: manifest(name),
                            headers: extra.merging(["Authorization": "Bearer \(grants)"]) { $1 })
                        #expect(answer.status == 403, "\(name) \(extra) \(grants)")
                        seen[name, default: []].insert(answer.problem ?? "")
                    }
                }
            }
            #expect(seen["team-b-pay"] == seen["team-b-new"])
            let near = try await server.send(
                "POST", "/functions/team-a-pay/start", headers: ["Authorization": "Bearer functions:invoke@team-a-*"])
            #expect(near.status == 404)
            #expect(!near.body.contains("team-b"))
        }
    }
}
