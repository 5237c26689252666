import AsyncHTTPClient
import F2SConfig
import F2SModel
import NIOCore
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct RejectionTests {
    @Test(arguments: [
        ("application/json", "{\"spec\": ", 422, ["1:"]),
        ("application/yaml", "metadata: {name: hello}\nspec: {a: b: c}", 422, ["body:2:"]),
        (
            "application/yaml", manifest("hello").replacing("endpoint", with: "endpont"), 422,
            ["body:4:", "endpont", "endpoint"]
        ),
        ("application/yaml", manifest("hello", maxReplicas: -1), 422, ["5:", "maxReplicas"]),
        ("application/yaml", manifest("Hello"), 422, ["3:", "metadata.name"]),
        ("application/yaml", "a: &a 1\n---\nb: &b 1", 422, ["write the value out; body:3:", "write the value out."]),
        ("application/yaml", "", 422, ["no function"]),
        ("application/yaml", manifest("a") + "\n---\n" + manifest("b"), 422, ["2 functions", "f2s apply"]),
        ("text/plain", manifest("hello"), 403, ["text/plain", "application/yaml"]),
        ("application/x-www-form-urlencoded", "a=b", 403, ["application/json"]),
        ("", manifest("hello"), 403, ["application/json"]),
    ])
    func `a body that declares no function is rejected with the reason`(
        type: String, body: String, status: Int, parts: [String]
    ) async throws {
        try await TestServer.with { server in
            for (method, path) in [("POST", "/functions"), ("PUT", "/functions/hello")] {
                let answer = try await server.send(
                    method, path, headers: type.isEmpty ? [:] : ["Content-Type": type], body: body)
                #expect(answer.status == status)
                let problem = try #require(answer.problem)
                for part in parts { #expect(problem.contains(part), "\(problem)") }
            }
            #expect(server.memory.functions.current.functions.isEmpty)
        }
    }

    @Test func `bytes that are not text are rejected`() async throws {
        try await TestServer.with { server in
            let body = ByteBuffer(bytes: [0x6E, 0x61, 0xFF, 0xFE, 0x00])
            let request = server.request(
                "POST", "/functions", headers: ["Content-Type": "application/yaml"], body: .bytes(body))
            let answer = try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
            #expect(answer.status == 422)
            #expect(answer.problem != nil)
        }
    }

    @Test func `the name of the path and of the body must be the same`() async throws {
        try await TestServer.with { server in
            let answer = try await server.send("PUT", "/functions/one", yaml: manifest("two"))
            #expect(answer.status == 422)
            #expect(answer.problem?.contains("one") == true && answer.problem?.contains("two") == true)
            #expect(server.memory.functions.current.functions.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `a body over the bound is rejected, whether its length is known or not`(isLengthKnown: Bool) async throws {
        try await TestServer.with { server in
            let chunk = ByteBuffer(repeating: UInt8(ascii: "#"), count: 64 * 1024)
            let chunks = AsyncStream<ByteBuffer> { continuation in
                for _ in 0..<40 { continuation.yield(chunk) }
                continuation.finish()
            }
            let length: HTTPClientRequest.Body.Length = isLengthKnown ? .known(Int64(40 * 64 * 1024)) : .unknown
            let request = server.request(
                "POST", "/functions", headers: ["Content-Type": "application/yaml"],
                body: .stream(chunks, length: length))
            let answer = try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
            #expect(answer.status == 413)
            #expect(answer.problem?.contains("1048576") == true)
            #expect(try await server.send("GET", "/health").status == 200)
        }
    }

    /// Sends a request whose content never arrives.
    private func endless(
        _ server: TestServer, _ method: String, _ path: String, _ headers: [String: String]
    ) async throws -> Answer {
        let (content, end) = AsyncStream.makeStream(of: ByteBuffer.self)
        defer { end.finish() }
        let body = HTTPClientRequest.Body.stream(content, length: .known(Int64(1000)))
        let request = server.request(method, path, headers: headers, body: body)
        return try await Answer(HTTPClient.shared.execute(request, timeout: .seconds(30)))
    }

    @Test(arguments: [
        ("POST", "/functions", ["Host": "evil.example"], 403), ("POST", "/functions", ["Origin": "http://a"], 403),
        ("POST", "/functions", ["Content-Type": "text/plain"], 403), ("POST", "/functions", [:], 403),
        ("POST", "/nothing", [:], 404), ("POST", "/health", [:], 405), ("PUT", "/functions", [:], 405),
    ])
    func `a rejection that depends only on the head does not wait for the content`(
        method: String, path: String, headers: [String: String], status: Int
    ) async throws {
        try await TestServer.with { server in
            let answer = try await endless(server, method, path, headers)
            #expect(answer.status == status)
        }
    }

    @Test func `content that does not arrive is rejected, and the server continues`() async throws {
        var options = TestServer.Options()
        options.settings.limits.apiBodyTimeout = .milliseconds(50)
        try await TestServer.with(options) { server in
            let answer = try await endless(server, "POST", "/functions", ["Content-Type": "application/yaml"])
            #expect(answer.status == 408)
            #expect(answer.problem?.contains("api_body_timeout") == true)
            #expect(try await server.send("GET", "/health").status == 200)
        }
    }

    @Test func `content beyond the bound of all requests is rejected temporarily`() async throws {
        var options = TestServer.Options()
        options.settings.limits.apiBodyBytesMax = 10_000
        try await TestServer.with(options) { server in
            let large = manifest("hello") + String(repeating: "#\n", count: 5000)
            let refused = try await server.send("POST", "/functions", yaml: large)
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] == "1")
            #expect(try await server.send("POST", "/functions", yaml: manifest("hello")).status == 201)
        }
    }

    @Test(arguments: [
        ("DELETE", "/functions", "GET, HEAD, POST"), ("POST", "/functions/hello", "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/functions/hello", "DELETE, GET, HEAD, PUT"), ("PUT", "/functions/hello/logs", "GET, HEAD"),
        ("POST", "/config", "GET, HEAD"), ("OPTIONS", "/functions", "GET, HEAD, POST"), ("TRACE", "/", "GET, HEAD"),
    ])
    func `a forbidden method is rejected with the allowed ones`(method: String, path: String, allow: String)
        async throws
    {
        try await TestServer.with { server in
            let answer = try await server.send(
                method, path,
                headers: ["Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"])
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == allow)
            #expect(answer.problem?.contains(path) == true)
            #expect(!answer.headers.keys.contains { $0.hasPrefix("access-control") })
        }
    }

    @Test(arguments: ["/nothing", "/functions/a/b/c", "/invoke/hello", "/metrics", "/ready", "/functions/%2e%2e"])
    func `an unknown path yields a problem document`(path: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send("GET", path)
            #expect(answer.status == 404)
            #expect(answer.problem != nil)
        }
    }

    @Test func `HEAD has the head of GET and no body, also for problems`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let get = try await server.send("GET", "/functions/hello")
            let head = try await server.send("HEAD", "/functions/hello")
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == get.headers["content-length"])
            #expect(head.headers["etag"] == get.headers["etag"])
            #expect(head.body.isEmpty)
            for path in ["/functions/nobody", "/nothing"] {
                let missing = try await server.send("HEAD", path)
                #expect(missing.status == 404)
                #expect(missing.body.isEmpty)
            }
            #expect(try await server.send("HEAD", "/events").status == 200)
            #expect(try await server.send("GET", "/health").status == 200)
        }
    }

    @Test(arguments: [
        "/functions?output=xml", "/functions/hello/logs?tail=-1", "/functions/hello/logs?tail=many",
        "/functions/hello/logs?tail=10001", "/functions/hello/logs?follow=maybe", "/events?follow=perhaps",
    ])
    func `a malformed query is rejected by name`(path: String) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let answer = try await server.send("GET", path)
            #expect(answer.status == 400)
            #expect(answer.problem?.contains("query parameter") == true)
        }
    }
}
