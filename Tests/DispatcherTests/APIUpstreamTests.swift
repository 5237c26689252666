import F2SDispatcher
import F2SModel
import Testing

/// Tests that the dispatcher forwards all requests except invocations to the API server's Unix socket.
@Suite struct APIUpstreamTests {
    private func withAPI(
        timeouts: Timeouts = Timeouts(), _ reply: @escaping StubServer.Reply,
        _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path, reply)
        try await withTestbed(apiPath: path, timeouts: timeouts) { bed in
            bed.declare(makeFunction())
            try await body(bed, api)
        }
        await api.stop()
    }

    @Test func `other paths go to the API server unchanged, over one connection`() async throws {
        try await withAPI { request in
            request.connection.send(ok(request.line))
        } _: { bed, api in
            let client = try await bed.client()
            for target in [
                "/", "/functions/hello?x=%2F", "/invoked/x", "/x/../invoke/hello", "//invoke/hello", "/%2e%2e/",
            ] {
                #expect(
                    try await client.ask("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").body == "GET \(target) HTTP/1.1")
            }
            let answer = try await client.ask("GET http://a/health HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: b\r\n\r\n")
            #expect(answer.body == "GET /health HTTP/1.1")
            #expect(answer.field("Server-Timing") == nil)
            #expect(api.requests.last?.fields("X-Forwarded-Host") == ["a"])
            #expect(api.connections.count == 1)
            #expect(bed.dispatcher.currentInvocations == 0)
        }
    }

    @Test func `bodies of any size reach the API server`() async throws {
        try await withAPI {
            $0.connection.send(ok("\($0.body.utf8.count)"))
        } _: { bed, api in
            let client = try await bed.client()
            for count in [1, 5000, 500_000] {
                let body = String(repeating: "x", count: count)
                let head = "POST /functions HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n"
                #expect(try await client.ask(head + body).body == "\(count)")
            }
        }
    }

    @Test func `requests get 503 while the API server is down`() async throws {
        let path = temporarySocketPath()
        try await withTestbed(apiPath: path) { bed in
            let client = try await bed.client()
            for _ in 0..<2 {
                let answer = try await client.ask("GET /functions HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(answer.status == 503)
                #expect(answer.field("Retry-After") == "1")
            }
            let api = try await StubServer.start(path: path) { $0.connection.send(ok("up")) }
            #expect(try await client.ask("GET /functions HTTP/1.1\r\nHost: a\r\n\r\n").body == "up")
            await api.stop()
        }
    }

    @Test func `an API response has no idle timeout, but a request body has one`() async throws {
        let timeouts = Timeouts(request: .milliseconds(300), http: .milliseconds(300))
        try await withAPI(timeouts: timeouts) { request in
            guard request.line.contains("/events") else { return }
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        } _: { bed, api in
            let (late, stream, stalled) = (try await bed.client(), try await bed.client(), try await bed.client())
            late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("both requests have begun") { api.requests.count == 2 }
            let answer = try await stalled.ask("POST /functions HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            #expect(answer.status == 408)
            try await ContinuousClock().sleep(for: .milliseconds(600))
            for request in api.requests {
                request.connection.send(request.line.contains("/late") ? ok("better late") : "data: 1\n\n")
            }
            #expect(try await late.answer().body == "better late")
            try await eventually("the event") { stream.inbox.text.hasSuffix("\r\n9\r\ndata: 1\n\n\r\n") }
            stream.close()
            try await eventually("the API's connection is closed") { api.openConnections <= 1 }
        }
    }

    @Test func `a GET is sent again if its reused connection has ended`() async throws {
        try await withAPI { request in
            if request.index == 0 { request.connection.send(ok()) } else { request.connection.close() }
        } _: { bed, api in
            let client = try await bed.client()
            for _ in 0..<4 { #expect(try await client.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").status == 200) }
            let before = api.connections.count
            let answer = try await client.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            // A POST does not reuse a connection that was idle for a second, which can happen on a busy machine.
            #expect(answer.status == (api.connections.count == before ? 502 : 200))
        }
    }

    @Test func `a retry uses a new connection and not another idle one`() async throws {
        try await withAPI { request in
            if request.index > 0 { return request.connection.close() }
            if !request.line.contains("/hold") { request.connection.send(ok("new")) }
        } _: { bed, api in
            var clients: [RawClient] = []
            for _ in 0..<4 { clients.append(try await bed.client()) }
            for client in clients { client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
            try await eventually("four connections are in use") { api.requests.count == 4 }
            for request in api.requests { request.connection.send(ok("held")) }
            for client in clients { #expect(try await client.answer().body == "held") }
            // The stub closes each of the four connections on its second request.
            for client in clients { #expect(try await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").body == "new") }
        }
    }

    @Test func `an invocation never goes to the API server`() async throws {
        try await withAPI {
            $0.connection.send(ok())
        } _: { bed, api in
            let client = try await bed.client()
            #expect(try await client.ask(get("/unknown")).status == 404)
            #expect(try await client.ask("GET /invoke HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
            #expect(api.requests.isEmpty)
        }
    }
}
