import F2SDispatcher
import F2SModel
import Testing

/// Invocations by modules of the same process on behalf of a caller, and their times.
@Suite struct InvokerCallerTests {
    private static let ann = Principal(name: "ann", groups: ["team"], grants: [Grant(.invoke)])

    private func request(
        _ principal: Principal?, fields: [InvocationField] = [], path: String = "/hello"
    ) -> InvocationRequest {
        InvocationRequest(.post, path, fields: fields, caller: "api:ann", principal: principal)
    }

    private func with(
        _ access: Function.Access? = nil, forwardsAuthorization: Bool = false,
        authenticator: (any Authenticator)? = StubAuthenticator(),
        _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start { $0.connection.send(ok("hi")) }
        try await withTestbed(authenticator: authenticator) { bed in
            try await bed.serve(
                server, function: makeFunction(access: access, forwardsAuthorization: forwardsAuthorization))
            try await body(bed, server)
            try await eventually("no invocation is left") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test(arguments: [nil, Function.Access.authenticated, .groups(["team"])])
    func `the function learns the caller, and no credentials that F2S has not verified`(
        access: Function.Access?
    ) async throws {
        let fields = ["Authorization", "X-F2S-User", "X-F2S-Groups"].map { InvocationField($0, "forged") }
        for forwards in [false, true] {
            try await with(access, forwardsAuthorization: forwards) { bed, server in
                let answer = try await bed.dispatcher.invoke(request(Self.ann, fields: fields), contentBytesMax: 9)
                #expect(answer.response.status == 200)
                let seen = try server.requests.first.orThrow()
                #expect(seen.fields("X-F2S-User") == ["ann"] && seen.fields("X-F2S-Groups") == ["team"])
                #expect(seen.fields("Authorization").isEmpty)
            }
        }
    }

    @Test func `a caller that the function does not admit reaches no replica`() async throws {
        let others = [
            Principal(name: "eve", groups: ["other"], grants: [Grant(.invoke)]),
            Principal(name: "bob", groups: ["team"], grants: [Grant(.list)]),
            Principal(name: "root", grants: Set(Privilege.allCases.map { Grant($0) })),
        ]
        try await with(.groups(["team"])) { bed, server in
            for caller in others {
                await #expect(throws: InvocationError.forbidden(.invoke), "\(caller.name)") {
                    try await bed.dispatcher.invoke(request(caller), contentBytesMax: 9)
                }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `F2S itself is admitted, and a public function learns no caller`() async throws {
        try await with(.groups(["team"])) { bed, server in
            _ = try await bed.dispatcher.invoke(request(nil), contentBytesMax: 9)
            #expect(try server.requests.first.orThrow().fields("X-F2S-User").isEmpty)
        }
        try await with(.everybody) { bed, server in
            let field = InvocationField("Authorization", "Digest its own")
            _ = try await bed.dispatcher.invoke(request(Self.ann, fields: [field]), contentBytesMax: 9)
            let seen = try server.requests.first.orThrow()
            #expect(seen.fields("X-F2S-User").isEmpty && seen.fields("Authorization") == ["Digest its own"])
        }
        try await with(authenticator: nil) { bed, server in
            _ = try await bed.dispatcher.invoke(request(.anonymous), contentBytesMax: 9)
            #expect(try server.requests.first.orThrow().fields("X-F2S-User").isEmpty)
        }
    }

    @Test func `a named function is reached, and no other`() async throws {
        try await with { bed, server in
            let other = [InvocationField("F2S-Function", "other")]
            await #expect(throws: InvocationError.otherFunction(named: "other", routed: "hello")) {
                try await bed.dispatcher.invoke(request(Self.ann, fields: other), contentBytesMax: 9)
            }
            #expect(server.requests.isEmpty)
            let named = [InvocationField("F2S-Function", "hello")]
            _ = try await bed.dispatcher.invoke(request(Self.ann, fields: named), contentBytesMax: 9)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a response has its times and its replica`() async throws {
        try await with { bed, _ in
            let (response, _) = try await bed.dispatcher.invoke(request(Self.ann), contentBytesMax: 9)
            let timing = try response.timing.orThrow()
            #expect(!timing.isCold && timing.start == .zero && timing.function > .zero)
            #expect(response.replica != nil)
            #expect(response["server-timing"] == nil)
        }
    }

    @Test func `a cold start is reported with its time`() async throws {
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            async let answer = bed.dispatcher.invoke(request(nil), contentBytesMax: 9)
            try await eventually("a replica is wanted") { bed.load().wantsActivation }
            bed.run([server.port], of: function)
            let timing = try await answer.response.timing.orThrow()
            #expect(timing.isCold && timing.start > .zero)
        }
        await server.stop()
    }

    @Test func `the process that grants the slots checks no caller again, and its times are passed on`() async throws {
        let server = try await StubServer.answering(
            ok("hi", fields: "Server-Timing: queue;dur=9.000, start;dur=9.000, function;dur=9.000\r\n"))
        try await withPair(authenticator: StubAuthenticator()) { first, owner in
            let function = makeFunction(concurrency: 1, access: .groups(["team"]))
            try await owner.serve(server, function: function)
            first.declare(function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            let (response, _) = try await first.dispatcher.invoke(request(Self.ann), contentBytesMax: 9)
            #expect(try server.requests.first.orThrow().fields("X-F2S-User") == ["ann"])
            let timing = try response.timing.orThrow()
            #expect(timing.start == .zero && timing.queue != .milliseconds(9) && !timing.isCold)
            #expect(response.replica == nil)
            #expect(response.fields.count { $0.name.lowercased() == "server-timing" } == 1, "the function's own stays")
        }
        await server.stop()
    }
}
