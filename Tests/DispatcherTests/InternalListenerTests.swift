import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOCore
import Testing

/// What only other F2S processes and hooks may do, and what they get.
@Suite struct InternalListenerTests {
    private let shown = "X-F2S-Token: \(token)\r\n"

    private func withHooks(
        limits: Limits = Limits(), timeouts: Timeouts = Timeouts(), call: StubServer.Call = .onWhole,
        _ reply: @escaping StubServer.Reply, _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let path = temporarySocketPath()
        let hooks = try await StubServer.start(path: path, call: call, reply)
        try await withTestbed(internal: makeInternal(socketPath: path), limits: limits, timeouts: timeouts) { bed in
            try await body(bed, hooks)
        }
        await hooks.stop()
    }

    // MARK: Invocations

    static let wrong = [
        "", "X-F2S-Token:\r\n", "X-F2S-Token: wrong\r\n", "X-F2S-Token: \(token.dropLast())\r\n",
        "X-F2S-Token: \(token)x\r\n", "X-F2S-Token: \(token.dropLast())B\r\n", "X-F2S-Token: \(token.uppercased())\r\n",
        "X-F2S-Token: \(token)\r\nX-F2S-Token: \(token)\r\n", "X-F2S-Token: a b \(token)\r\n",
        "X-F2S-Token: a\(token)\r\n", "X-F2S-Token: \(token),\(token)\r\n", "X_F2S_Token: \(token)\r\n",
        "Authorization: \(token)\r\n",
    ]

    @Test(arguments: wrong) func `who does not show the token may not invoke`(fields: String) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server)
            let peer = try await bed.peer()
            for path in ["/hello", "/nothing"] {
                let answer = try await peer.ask(get(path, fields))
                #expect(answer.status == 403)
                #expect(answer.body.contains("\"stage\":\"auth\""))
            }
            #expect(server.requests.isEmpty)
            #expect(bed.metric("f2s_requests_refused_total{stage=\"auth\"}") == 2)
            #expect(bed.isIdle())
        }
        await server.stop()
    }

    @Test func `without a token of its own a process trusts nobody`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(internal: makeInternal(token: "")) { bed in
            try await bed.serve(server)
            for fields in ["", "X-F2S-Token:\r\n"] {
                #expect(try await bed.peer().ask(get("/hello", fields)).status == 403)
            }
            // Nor does it forward what the others would refuse.
            bed.seat(elsewhere: bed.internalAddress)
            #expect(try await bed.client().ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test func `with the token a function is served, and the token ends there`() async throws {
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server)
            let peer = try await bed.peer()
            let said = [
                "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: public.test",
                "Forwarded: for=9.9.9.9;proto=https", "X-Request-Id: own", "traceparent: 00-1-2-00",
            ]
            for method in ["GET", "POST"] {
                let answer = try await peer.ask(
                    post("/hello/a?b", body: "c", shown + said.map { $0 + "\r\n" }.joined(), method: method))
                #expect(answer.body == "hi")
                #expect(answer.fields("Server-Timing").count == 1)
            }
            for request in server.requests {
                #expect(request.line.hasSuffix(" /a?b HTTP/1.1"))
                #expect(!request.head.lowercased().contains("token"))
                for line in said { #expect(request.head.contains("\r\n\(line)\r\n")) }
                for name in ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Request-Id"] {
                    #expect(request.fields(name).count == 1, "\(name)")
                }
            }
            #expect(bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 2)
        }
        await server.stop()
    }

    @Test func `it is served at home wherever public invocations go`() async throws {
        let server = try await StubServer.answering(ok("home"))
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server)
            bed.seat(elsewhere: Replica.Address(ip: "127.0.0.1", port: 1))
            #expect(try await bed.peer().ask(get("/hello", shown)).body == "home")
        }
        await server.stop()
    }

    @Test(arguments: ["/nothing", "/hello"])
    func `of a function that is not known here yet the other process is told in a way that no function can fake`(
        path: String
    ) async throws {
        try await withTestbed(internal: makeInternal()) { bed in
            if path == "/nothing" { bed.declare(makeFunction()) }
            let answer = try await bed.peer().ask(get(path, shown))
            #expect(answer.status == 503)
            #expect(answer.field("X-F2S-Token") == token)
        }
    }

    @Test func `what a client says of itself as a process is dropped`() async throws {
        let apiPath = temporarySocketPath()
        let api = try await StubServer.start(path: apiPath) { $0.connection.send(ok()) }
        let server = try await StubServer.answering(ok())
        try await withTestbed(apiPath: apiPath, internal: makeInternal()) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let fields = "\(shown)x-f2s-token: other\r\nX-Forwarded-For: 9.9.9.9\r\n"
            #expect(try await client.ask(get("/hello", fields)).status == 200)
            #expect(try await client.ask("GET /functions HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").status == 200)
            for request in server.requests + api.requests {
                #expect(!request.head.lowercased().contains("token"))
                #expect(request.fields("X-Forwarded-For") == ["127.0.0.1"])
            }
        }
        await api.stop()
        await server.stop()
    }

    // MARK: Everything else

    @Test func `everything else goes to the hooks, with its token and its first slash once`() async throws {
        try await withHooks {
            $0.connection.send(ok($0.line))
        } _: { bed, hooks in
            let peer = try await bed.peer()
            for (target, arrives) in [
                ("/drain/u?x=//y", "/drain/u?x=//y"), ("//drain/u", "/drain/u"), ("///drain//u?a", "/drain//u?a"),
                ("//invoke/hello", "/invoke/hello"), ("/", "/"), ("//", "/"), ("/load", "/load"),
                ("/invoked", "/invoked"),
            ] {
                let answer = try await peer.ask("GET \(target) HTTP/1.1\r\nHost: a\r\n\(shown)\r\n")
                #expect(answer.body == "GET \(arrives) HTTP/1.1")
                #expect(answer.field("Server-Timing") == nil)
            }
            #expect(hooks.connections.count == 1)
            let body = String(repeating: "x", count: 100_000)
            #expect(
                try await peer.ask("POST /load HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\(body)").status
                    == 200)
            #expect(hooks.requests.last?.body == body)
            #expect(hooks.requests.first?.fields("X-F2S-Token") == [token])
            #expect(hooks.requests.first?.fields("X-Forwarded-For") == ["127.0.0.1"])
        }
    }

    @Test func `a hook counts as work in hand, and may be silent for longer than anybody else`() async throws {
        let timeouts = Timeouts(request: .seconds(60), http: .milliseconds(100))
        try await withHooks(timeouts: timeouts) { _ in
        } _: { bed, hooks in
            let peer = try await bed.peer()
            peer.send("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("it is there") { hooks.requests.count == 1 }
            #expect(bed.dispatcher.currentInvocations == 1)
            let answered = hooks.requests[0].connection
            answered.schedule(in: .milliseconds(400)) { answered.send(ok("drained")) }
            #expect(try await peer.answer().body == "drained")
            try await eventually("nothing is in hand") { bed.dispatcher.currentInvocations == 0 }
            // One whose caller leaves is no work any more.
            peer.send("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("it is in hand") { bed.dispatcher.currentInvocations == 1 }
            peer.close()
            try await eventually("it is not") { bed.dispatcher.currentInvocations == 0 }
        }
    }

    @Test func `a stream of the API is no work in hand`() async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path) {
            $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        }
        try await withTestbed(apiPath: path, internal: makeInternal()) { bed in
            let client = try await bed.client()
            client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("it has begun") { client.inbox.text.contains("\r\nx") }
            #expect(bed.dispatcher.currentInvocations == 0)
        }
        await api.stop()
    }

    @Test func `while the hooks are not up they get 503`() async throws {
        try await withTestbed(internal: makeInternal()) { bed in
            let peer = try await bed.peer()
            #expect(try await peer.ask("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n").status == 503)
            #expect(bed.dispatcher.currentInvocations == 0)
        }
    }

    @Test func `clients who have taken every connection do not keep processes out`() async throws {
        var limits = Limits()
        limits.connectionsMax = 1
        try await withHooks(limits: limits) {
            $0.connection.send(ok())
        } _: { bed, _ in
            let first = try await bed.client()
            try await eventually("it is in") { bed.clientConnections == 1 }
            try await bed.client().closed()
            #expect(try await bed.peer().ask("GET /load HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            first.close()
        }
    }

    @Test func `while the rest ends hooks are answered, and what is forwarded is sent back`() async throws {
        try await withHooks {
            $0.connection.send(ok())
        } _: { bed, _ in
            bed.declare(makeFunction())
            await bed.dispatcher.beginDraining()
            #expect(await bed.refuses(at: bed.port))
            let answer = try await bed.peer().ask("GET /load HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.status == 200)
            #expect(answer.field("Connection") == "close")
            let turnedAway = try await bed.peer().ask(get("/hello", shown))
            #expect(turnedAway.status == 503)
            #expect(turnedAway.field("X-F2S-Token") == token)
        }
    }
}
