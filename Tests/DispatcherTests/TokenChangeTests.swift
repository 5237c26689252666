import F2SDispatcher
import F2SModel
import Testing

/// Tests changes of the internal token while two processes forward requests.
@Suite struct TokenChangeTests {
    /// Runs two processes. The second owns `/hello`.
    private func withOwner(
        loops: Int = 1, timeouts: Timeouts = Timeouts(), _ answer: String = ok("hi"),
        _ body: (_ first: Testbed, _ owner: Testbed) async throws -> Void
    ) async throws {
        let server = try await StubServer.answering(answer)
        let function = makeFunction(concurrency: 4)
        try await withPair(loops: loops, timeouts: timeouts) { first, owner in
            first.declare(function)
            try await owner.serve(server, function: function)
            first.setOwnership(elsewhere: owner.internalAddress)
            try await body(first, owner)
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `a token is replaced without a failed request`(loops: Int) async throws {
        try await withOwner(loops: loops) { first, owner in
            let steps: [(Testbed, [String])] = [
                (first, ["new", token]), (owner, ["new", token]), (owner, ["new"]), (first, ["new"]),
                (owner, ["newer", "new"]), (first, ["newer", "new"]), (first, ["newer"]), (owner, ["newer"]),
            ]
            for (bed, tokens) in steps {
                bed.dispatcher.trust(PeerTokens(tokens))
                for _ in 0..<2 * loops {
                    let client = try await first.client()
                    #expect(try await client.ask(get()).body == "hi")
                    #expect(try await client.ask(post("/hello", body: "x")).body == "hi")
                    client.close()
                }
            }
        }
    }

    @Test(arguments: testedLoops)
    func `a forwarded request waits until the owner accepts the token, and no client gets 403`(loops: Int) async throws
    {
        try await withOwner(loops: loops) { first, owner in
            first.dispatcher.trust(PeerTokens(["other"]))
            // The clients connect after the change, so each loop applies the change first.
            let long = String(repeating: "x", count: 100_000)
            let requests = [get(), post("/hello", body: "x"), post("/hello", body: long)]
            var clients: [RawClient] = []
            for request in requests {
                let client = try await first.client()
                client.send(request)
                clients.append(client)
            }
            try await eventually("the owner rejects the requests") {
                owner.metric("f2s_requests_refused_total{stage=\"auth\"}") >= Double(requests.count)
            }
            for client in clients { #expect(client.inbox.text.hasPrefix("HTTP/1.1 100") || client.inbox.text.isEmpty) }
            owner.dispatcher.trust(PeerTokens(["other", token]))
            for client in clients {
                var answer = try await client.answer()
                if answer.status == 100 { answer = try await client.answer() }
                #expect(answer.status == 200, "\(answer.body)")
            }
        }
    }

    @Test func `a request that waits too long for the token gets 503 with this reason`() async throws {
        try await withOwner(timeouts: Timeouts(scaling: .milliseconds(400))) { first, _ in
            first.dispatcher.trust(PeerTokens(["other"]))
            let answer = try await first.client().ask(get())
            #expect(answer.status == 503)
            #expect(answer.body.contains("internal token"), "\(answer.body)")
        }
    }

    @Test func `a function's own 403 is forwarded with any fields`() async throws {
        let rejection = "HTTP/1.1 403 Forbidden\r\nX-F2S-Refused: token\r\nContent-Length: 2\r\n\r\nno"
        try await withOwner(rejection) { first, _ in
            let answer = try await first.client().ask(get())
            #expect(answer.status == 403)
            #expect(answer.body == "no")
        }
    }

    @Test func `a process without a token forwards no invocation`() async throws {
        try await withOwner { first, owner in
            first.dispatcher.trust(PeerTokens())
            let server = try await StubServer.answering(ok("own"))
            try await first.serve(server, function: makeFunction(concurrency: 4))
            #expect(try await first.client().ask(get()).body == "own")
            #expect(await owner.metric("f2s_requests_refused_total{stage=\"auth\"}") == 0)
            await server.stop()
        }
    }
}
