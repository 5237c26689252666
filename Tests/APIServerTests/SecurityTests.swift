import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct SecurityTests {
    @Test(arguments: [
        ["Host": "evil.example"], ["Host": "evil.example:8080"], ["Origin": "http://evil.example"], ["Origin": "null"],
        ["Sec-Fetch-Site": "cross-site"], ["Host": "localhost:8080", "Origin": "http://localhost:3000"],
        // Every function serves pages of the same origin, below `/invoke`.
        ["Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"],
        ["Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080"],
        ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"],
    ])
    func `a page changes nothing, whatever server it comes from`(headers: [String: String]) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let before = server.memory.functions.current
            let answers = [
                try await server.send("POST", "/functions", yaml: manifest("other"), headers: headers),
                try await server.send(
                    "PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 9), headers: headers),
                try await server.send("DELETE", "/functions/hello", headers: headers),
                try await server.send(
                    "POST", "/functions", headers: headers.merging(["Content-Type": "text/plain"]) { $1 },
                    body: manifest("other")),
            ]
            for answer in answers {
                #expect(answer.status == 403)
                #expect(answer.problem != nil)
                #expect(try answer.json["stage"] == "auth")
            }
            #expect(server.memory.functions.current == before)
        }
    }

    @Test func `a request with a foreign Host reads nothing, but health accepts any Host`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            for route in server.routes where route.name.hasPrefix("GET ") {
                let path = route.path.replacing("{name}", with: "hello")
                let answer = try await server.send("GET", path, headers: ["Host": "rebound.example"])
                #expect(answer.status == (route.origin == .anywhere ? 200 : 403), "\(path)")
            }
        }
    }

    @Test(arguments: [
        ["Sec-Fetch-Site": "same-origin"], ["Origin": "http://localhost"], ["Origin": "null"],
        ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
    ])
    func `a page reads nothing but health and documentation`(headers: [String: String]) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            for route in server.routes where route.name.hasPrefix("GET ") {
                let path = route.path.replacing("{name}", with: "hello")
                let answer = try await server.send("GET", path, headers: headers)
                #expect(answer.status == (route.origin == .anywhere ? 200 : 403), "\(path)")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test(arguments: ["/functions", "/functions/nobody", "/nothing", "/health", "/docs", "/", "/config"])
    func `a response has no origin in a browser, cannot be framed, and keeps its type`(path: String)
        async throws
    {
        try await TestServer.with { server in
            for accept in ["text/html", "application/json"] {
                let answer = try await server.send("GET", path, headers: ["Accept": accept])
                let policy = answer.headers["content-security-policy"] ?? ""
                #expect(policy.hasPrefix("sandbox; frame-ancestors 'none'"), "\(path)")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
            }
        }
    }
}
