import F2SDispatcher
import F2SModel
import Testing

/// The authentication of invocations, over real sockets.
@Suite struct AccessTests {
    private static let ann = "Authorization: Bearer ann functions:invoke\r\n"

    private func with(
        _ access: Function.Access? = nil, timeout: Duration? = nil, concurrency: Int? = nil,
        _ body: (Testbed, StubAuthenticator, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        let authenticator = StubAuthenticator()
        try await withTestbed(authenticator: authenticator) { bed in
            try await bed.serve(
                server, function: makeFunction(concurrency: concurrency, timeout: timeout, access: access))
            try await body(bed, authenticator, server)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `a caller is verified once, and then recognized`() async throws {
        try await with { bed, authenticator, server in
            let client = try await bed.client()
            for count in 1...3 {
                #expect(try await client.ask(get("/hello", Self.ann)).status == 200)
                #expect(authenticator.verifications == 1)
                let request = try server.requests.last.orThrow()
                #expect(request.fields("X-F2S-User") == ["ann"], "request \(count)")
                #expect(request.fields("X-F2S-Groups") == ["functions:invoke"])
                #expect(request.fields("Authorization").isEmpty)
                #expect(request.fields("X-Request-Id").count == 1)
            }
        }
    }

    @Test(arguments: [nil, Function.Access.authenticated, .groups(["a"])])
    func `without accepted credentials nothing reaches the function`(access: Function.Access?) async throws {
        try await with(access) { bed, _, server in
            for fields in [
                "", "Authorization: Basic wrong\r\n", "Authorization: Basic wrong\r\n", "Authorization:\r\n",
            ] {
                let answer = try await bed.client().ask(post(body: "x", fields))
                #expect(answer.status == 401)
                #expect(answer.fields("WWW-Authenticate") == ["Basic realm=\"test\"", "Bearer realm=\"test\""])
                #expect(answer.body.contains(#""stage":"auth""#))
            }
            #expect(server.requests.isEmpty)
            #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"auth\"}") > 0)
        }
    }

    @Test func `a caller without the privilege, or outside of the groups, gets 403`() async throws {
        try await with { bed, _, server in
            let client = try await bed.client()
            for groups in ["", " functions:list", " functions:invoke@other-*"] {
                for _ in 0..<2 {
                    let answer = try await client.ask(get("/hello", "Authorization: Bearer eve\(groups)\r\n"))
                    #expect(answer.status == 403)
                    #expect(answer.fields("WWW-Authenticate").isEmpty)
                    #expect(answer.body.contains("functions:invoke"))
                }
            }
            #expect(server.requests.isEmpty)
            #expect(
                try await client.ask(get("/hello", "Authorization: Bearer eve functions:invoke@hel*\r\n")).status == 200
            )
        }
        try await with(.groups(["team", "other"])) { bed, _, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get("/hello", Self.ann)).status == 403)
            let member = "Authorization: Bearer ann functions:invoke team\r\n"
            #expect(try await client.ask(get("/hello", member)).status == 200)
        }
    }

    @Test func `everybody invokes a public function, whose credentials are its own`() async throws {
        try await with(.everybody) { bed, authenticator, server in
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
            #expect(try await client.ask(get("/hello", "Authorization: Digest its own\r\n")).status == 200)
            #expect(try server.requests.last.orThrow().fields("Authorization") == ["Digest its own"])
            #expect(authenticator.verifications == 0)
        }
    }

    @Test func `a function may ask for the credentials of its callers`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed(authenticator: StubAuthenticator()) { bed in
            try await bed.serve(server, function: makeFunction(forwardsAuthorization: true))
            let client = try await bed.client()
            for _ in 1...2 {
                #expect(try await client.ask(get("/hello", Self.ann)).status == 200)
                let request = try server.requests.last.orThrow()
                #expect(request.fields("Authorization") == ["Bearer ann functions:invoke"])
                #expect(request.fields("X-F2S-User") == ["ann"])
            }
            #expect(try await client.ask(get()).status == 401)
        }
        await server.stop()
    }

    @Test(arguments: ["X-F2S-User", "x-f2s-user", "X_F2S_User", "X-F2S-Groups", "x_f2s-groups", "X.F2S.User"])
    func `a client cannot pretend to be a caller`(name: String) async throws {
        for access in [Function.Access.everybody, .authenticated] {
            try await with(access) { bed, _, server in
                let client = try await bed.client()
                let forged = "\(name): root\r\n"
                #expect(try await client.ask(get("/hello", forged + Self.ann + forged)).status == 200)
                let head = try server.requests.last.orThrow().head.lowercased()
                #expect(!head.contains("root"))
            }
        }
    }

    @Test(arguments: ["X-F2S-User", "x_f2s_groups", "X.F2S.User"])
    func `a trailer cannot name a caller either`(name: String) async throws {
        try await with(.everybody) { bed, _, server in
            let head = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let answer = try await bed.client().ask("\(head)1\r\nx\r\n0\r\n\(name): root\r\n\r\n")
            #expect(answer.status == 400)
            #expect(server.requests.allSatisfy { !$0.head.contains("root") && !$0.body.contains("root") })
        }
    }

    @Test(arguments: [0, 3, 4096, 300_000])
    func `content waits for the verification and arrives whole`(count: Int) async throws {
        try await with { bed, authenticator, server in
            authenticator.hold()
            let client = try await bed.client()
            let body = String(repeating: "b", count: count)
            client.send(post(body: body, Self.ann))
            try await eventually("the credentials are being verified") { authenticator.verifications == 1 }
            #expect(bed.load().inFlight == 0 && server.requests.isEmpty)
            authenticator.release()
            #expect(try await client.answer().body == body)
            #expect(try server.requests.last.orThrow().fields("X-F2S-User") == ["ann"])
            #expect(try await client.ask(post(body: "again", Self.ann)).body == "again")
        }
    }

    @Test func `a client that leaves during the verification leaves nothing behind`() async throws {
        try await with(concurrency: 1) { bed, authenticator, server in
            authenticator.hold()
            let client = try await bed.client()
            client.send(get("/hello", Self.ann))
            try await eventually("the credentials are being verified") { authenticator.verifications == 1 }
            client.close()
            try await eventually("the client is gone") { bed.clientConnections == 0 }
            authenticator.release()
            #expect(bed.dispatcher.currentInvocations == 0)
            #expect(try await bed.client().ask(get("/hello", Self.ann)).status == 200)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a verification that takes longer than the function's timeout gets 504`() async throws {
        try await with(timeout: .milliseconds(100)) { bed, authenticator, server in
            authenticator.hold()
            let client = try await bed.client()
            let answer = try await client.ask(get("/hello", Self.ann))
            #expect(answer.status == 504)
            #expect(answer.body.contains(#""stage":"auth""#))
            authenticator.release()
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a function that is deleted during the verification is not found`() async throws {
        try await with { bed, authenticator, server in
            authenticator.hold()
            let client = try await bed.client()
            client.send(get("/hello", Self.ann))
            try await eventually("the credentials are being verified") { authenticator.verifications == 1 }
            bed.declare()
            authenticator.release()
            #expect(try await client.answer().status == 404)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `the process that receives a request authenticates it, and its owner trusts that`() async throws {
        let server = try await StubServer.answering(ok("hi"))
        let authenticator = StubAuthenticator()
        try await withPair(authenticator: authenticator) { first, owner in
            let function = makeFunction(concurrency: 1)
            try await owner.serve(server, function: function)
            try await first.serve(server, function: function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            let client = try await first.client()
            #expect(try await client.ask(get()).status == 401)
            for _ in 0..<2 {
                #expect(try await client.ask(get("/hello", Self.ann + "X-F2S-User: root\r\n")).status == 200)
                #expect(try server.requests.last.orThrow().fields("X-F2S-User") == ["ann"])
            }
            #expect(authenticator.verifications == 1)
            // A peer without the token is not trusted with the name of a caller either.
            let stranger = try await owner.peer()
            #expect(try await stranger.ask(get("/hello", "X-F2S-User: root\r\n")).status == 403)
            try await eventually("no invocation is left") { first.isIdle() && owner.isIdle() }
        }
        await server.stop()
    }

    @Test func `authentication begins and ends with the settings`() async throws {
        try await with { bed, authenticator, _ in
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 401)
            bed.dispatcher.apply(DispatcherSettings.Tuning())
            await bed.dispatcher.waitForLoops()
            #expect(try await client.ask(get()).status == 200)
            bed.dispatcher.apply(DispatcherSettings.Tuning(challenges: authenticator.challenges))
            await bed.dispatcher.waitForLoops()
            #expect(try await client.ask(get()).status == 401)
        }
    }
}
