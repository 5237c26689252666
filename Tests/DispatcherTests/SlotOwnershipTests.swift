import F2SModel
import Glibc
import Testing

@testable import F2SDispatcher

/// Tests changes of a function's owner while invocations wait. No invocation may be lost.
@Suite struct SlotOwnershipTests {
    private let function = makeFunction(path: "/to", concurrency: 1)

    /// Starts a stub that responds with the request line and the length of the content.
    private func echo() async throws -> StubServer {
        try await StubServer.start { request in
            request.connection.send(ok("\(request.line) \(request.body.utf8.count)"))
        }
    }

    static let requests = [
        (get("/hello/a?b"), "GET /to/a?b HTTP/1.1 0"),
        (post("/hello", body: "small"), "POST /to HTTP/1.1 5"),
        (post("/hello//x", body: String(repeating: "x", count: 100_000)), "POST /to//x HTTP/1.1 100000"),
    ]

    private func send(to bed: Testbed) async throws -> [RawClient] {
        var clients: [RawClient] = []
        for (request, _) in Self.requests {
            let client = try await bed.client()
            client.send(request)
            clients.append(client)
        }
        try await eventually("all invocations are open") { bed.dispatcher.currentInvocations == Self.requests.count }
        return clients
    }

    private func expectAnswers(_ clients: [RawClient], _ server: StubServer) async throws {
        for (client, expected) in zip(clients, Self.requests.map(\.1)) {
            let answer = try await client.answer()
            #expect(answer.status == 200)
            #expect(answer.body == expected)
        }
        #expect(server.requests.count == clients.count)
        #expect(server.requests.allSatisfy { $0.fields("X-Forwarded-For") == ["127.0.0.1"] })
        #expect(server.requests.allSatisfy { !$0.head.contains("Token") && $0.field("Expect") == nil })
        #expect(Set(server.requests.compactMap { $0.field("X-Request-Id") }).count == clients.count)
    }

    @Test func `held invocations wait, request a first replica, and are served once this process grants slots`()
        async throws
    {
        let server = try await echo()
        try await withTestbed(internal: makeInternal()) { bed in
            bed.setOwnership(isHeld: true)
            bed.declare(function)
            let clients = try await send(to: bed)
            #expect(bed.load().wantsActivation)
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(bed.load().queued == 3 && server.connections.isEmpty)
            bed.setOwnership()
            try await expectAnswers(clients, server)
            bed.setOwnership(isHeld: true)
            let late = try await bed.client()
            late.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.setOwnership()
            #expect(try await late.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `invocations in flight complete after the process stops granting slots`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server, function: function)
            let (working, waiting) = (try await bed.client(), try await bed.client())
            working.send(get())
            try await eventually("the replica has one request") { server.requests.count == 1 }
            bed.setOwnership(isHeld: true)
            waiting.send(get())
            try await eventually("the other invocation is queued") { bed.load().queued == 1 }
            #expect(bed.load().inFlight == 1)
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            server.requests[0].connection.send(ok("done"))
            #expect(try await working.answer().body == "done")
            try await eventually("the slot is free") { bed.load().inFlight == 0 }
            #expect(bed.load().queued == 1)
            bed.setOwnership()
            try await eventually("the other request reaches the replica") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await waiting.answer().status == 200)
        }
        await server.stop()
    }

    /// Runs a process with a replica of the function, whose owner is another process that cannot be reached.
    private func withUnreachableOwner(_ body: (Testbed, StubServer) async throws -> Void) async throws {
        let server = try await echo()
        // No process listens on this port, so forwarded invocations wait for a connection.
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withTestbed(internal: makeInternal()) { bed in
            bed.declare(function)
            bed.run(makeReplica("r", of: function, port: server.port))
            try await eventually("the replica accepts") { bed.accepting == 1 }
            bed.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            try await body(bed, server)
        }
        await server.stop()
    }

    @Test func `invocations that wait for a remote owner are served locally after a transfer`() async throws {
        try await withUnreachableOwner { bed, server in
            let clients = try await send(to: bed)
            #expect(bed.load().queued == 0)
            bed.setOwnership()
            try await expectAnswers(clients, server)
            #expect(await bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 3)
        }
    }

    @Test func `a path that would leave the target's path is refused also after a move to a replica`() async throws {
        try await withUnreachableOwner { bed, server in
            let client = try await bed.client()
            client.send(get("/hello/../secret"))
            try await eventually("the invocation is open") { bed.dispatcher.currentInvocations == 1 }
            bed.setOwnership()
            #expect(try await client.answer().status == 400)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `invocations that wait for one owner go to the next one`() async throws {
        let server = try await echo()
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withPair { first, owner in
            first.declare(function)
            try await owner.serve(server, function: function)
            first.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let clients = try await send(to: first)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `held invocations go to the process that becomes the owner`() async throws {
        let server = try await echo()
        try await withPair { first, owner in
            first.declare(function)
            first.setOwnership(isHeld: true)
            try await owner.serve(server, function: function)
            let clients = try await send(to: first)
            try await eventually("the invocations are queued") { first.load().queued == 3 }
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            try await expectAnswers(clients, server)
            #expect(first.load().queued == 0)
        }
        await server.stop()
    }

    @Test func `invocations queued at a process that loses ownership return and wait for the new owner`()
        async throws
    {
        let server = try await echo()
        try await withPair { first, second in
            first.declare(function)
            try await second.serve(server, function: function)
            second.setOwnership(isHeld: true)
            first.setOwnership(elsewhere: second.internalAddress, isHeld: true)
            let clients = try await send(to: first)
            try await eventually("the invocations are queued at the other process") { second.load().queued == 3 }
            // For a moment each of the two processes considers the other one the owner.
            second.setOwnership(elsewhere: first.internalAddress, isHeld: true)
            try await eventually("the other process's queue is empty") { second.load().queued == 0 }
            #expect(first.dispatcher.currentInvocations == 3)
            first.run(makeReplica("r", of: function, port: server.port))
            first.setOwnership()
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `an invocation waits until the owner knows the function`() async throws {
        let server = try await echo()
        try await withPair { first, owner in
            first.declare(function)
            first.setOwnership(elsewhere: owner.internalAddress, isHeld: true)
            let clients = try await send(to: first)
            try await owner.serve(server, function: function)
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `invocations that wait for a remote owner get 404 once their function is deleted`() async throws {
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withTestbed(internal: makeInternal()) { bed in
            bed.declare(function)
            bed.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.dispatcher.currentInvocations == 1 }
            bed.declare()
            #expect(try await client.answer().status == 404)
        }
    }

    @Test func `the queue for a remote owner has the limit and the timeout of the function`() async throws {
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        var limits = Limits()
        limits.queueLengthMax = 1
        try await withTestbed(internal: makeInternal(), limits: limits) { bed in
            // The timeout is longer than the second request needs on a busy machine to find the queue full.
            bed.declare(makeFunction(concurrency: 1, timeout: .seconds(8)))
            bed.setOwnership(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let first = try await bed.client()
            first.send(get())
            try await eventually("the invocation is queued") {
                bed.dispatcher.calledFunctions.first?.forward?.withQueue { $0.queued } == 1
            }
            #expect(try await bed.client().ask(get()).status == 503)
            #expect(try await first.answer().status == 502)
            #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"connect\"}") == 1)
        }
    }
}
