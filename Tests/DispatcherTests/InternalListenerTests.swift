import F2SDispatcher
import F2SMetrics
import F2SModel
import NIOCore
import Testing

/// Tests the listener for other F2S processes and for hooks.
@Suite struct InternalListenerTests {
    private let shown = "X-F2S-Token: \(token)\r\n"

    private func withHooks(
        limits: Limits = .ofTests, timeouts: Timeouts = Timeouts(), call: StubServer.Call = .onWhole,
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

    @Test(arguments: wrong) func `a peer without the token may not invoke functions`(fields: String) async throws {
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
            #expect(await bed.metric("f2s_requests_refused_total{stage=\"auth\"}") == 2)
            #expect(bed.isIdle())
        }
        await server.stop()
    }

    @Test func `a process without a token rejects all peers`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(internal: makeInternal(token: "")) { bed in
            try await bed.serve(server)
            for fields in ["", "X-F2S-Token:\r\n"] {
                #expect(try await bed.peer().ask(get("/hello", fields)).status == 403)
            }
            // It also does not forward requests, because the owner would reject them.
            bed.setOwnership(elsewhere: bed.internalAddress)
            #expect(try await bed.client().ask(get()).status == 200)
        }
        await server.stop()
    }

    @Test func `a peer with the token invokes a function, and the token is not forwarded`() async throws {
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
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 2)
        }
        await server.stop()
    }

    @Test func `a peer's invocation is served locally even if the owner is remote`() async throws {
        let server = try await StubServer.answering(ok("home"))
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server)
            bed.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: 1))
            #expect(try await bed.peer().ask(get("/hello", shown)).body == "home")
        }
        await server.stop()
    }

    @Test(arguments: ["/nothing", "/hello"])
    func `a peer that invokes a function without a local queue gets 503 with the token`(
        path: String
    ) async throws {
        try await withTestbed(internal: makeInternal()) { bed in
            if path == "/nothing" { bed.declare(makeFunction()) }
            let answer = try await bed.peer().ask(get(path, shown))
            #expect(answer.status == 503)
            #expect(answer.field("X-F2S-Token") == token)
        }
    }

    @Test func `a client's own fields of a peer are removed`() async throws {
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

    @Test func `other requests go to the hooks with the token and a single leading slash`() async throws {
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

    @Test func `a hook counts as an open invocation and has a longer timeout than the others`() async throws {
        let timeouts = Timeouts(request: .seconds(60), http: .milliseconds(100))
        try await withHooks(timeouts: timeouts) { _ in
        } _: { bed, hooks in
            let peer = try await bed.peer()
            peer.send("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the hook has the request") { hooks.requests.count == 1 }
            #expect(bed.dispatcher.currentInvocations == 1)
            let answered = hooks.requests[0].connection
            answered.schedule(in: .milliseconds(400)) { answered.send(ok("drained")) }
            #expect(try await peer.answer().body == "drained")
            try await eventually("no invocation is open") { bed.dispatcher.currentInvocations == 0 }
            // A hook whose client has left no longer counts.
            peer.send("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the invocation is open") { bed.dispatcher.currentInvocations == 1 }
            peer.close()
            try await eventually("no invocation is open") { bed.dispatcher.currentInvocations == 0 }
        }
    }

    @Test func `a stream of the API does not count as an open invocation`() async throws {
        let path = temporarySocketPath()
        let api = try await StubServer.start(path: path) {
            $0.connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        }
        try await withTestbed(apiPath: path, internal: makeInternal()) { bed in
            let client = try await bed.client()
            client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the request has begun") { client.inbox.text.contains("\r\nx") }
            #expect(bed.dispatcher.currentInvocations == 0)
        }
        await api.stop()
    }

    @Test func `hooks get 503 while their server is down`() async throws {
        try await withTestbed(internal: makeInternal()) { bed in
            let peer = try await bed.peer()
            #expect(try await peer.ask("GET /drain/u HTTP/1.1\r\nHost: a\r\n\r\n").status == 503)
            #expect(bed.dispatcher.currentInvocations == 0)
        }
    }

    @Test func `peers can connect while clients use all allowed connections`() async throws {
        var limits = Limits()
        limits.connectionsMax = 1
        try await withHooks(limits: limits) {
            $0.connection.send(ok())
        } _: { bed, _ in
            let first = try await bed.client()
            try await eventually("the client is counted") { bed.clientConnections == 1 }
            try await bed.client().closed()
            #expect(try await bed.peer().ask("GET /load HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            first.close()
        }
    }

    @Test func `a draining process serves hooks and returns forwarded invocations`() async throws {
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
