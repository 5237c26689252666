import F2SModel
import Glibc
import Testing

@testable import F2SDispatcher

/// Who grants a function's slots changes while invocations wait: none of them is lost.
@Suite struct SeatTests {
    private let function = makeFunction(path: "/to", concurrency: 1)

    /// Answers with the request's line and the length of its content.
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
        try await eventually("all are in") { bed.dispatcher.currentInvocations == Self.requests.count }
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

    @Test func `held invocations queue, ask for a first replica, and are served when the slots are granted here`()
        async throws
    {
        let server = try await echo()
        try await withTestbed(internal: makeInternal()) { bed in
            bed.seat(isHeld: true)
            bed.declare(function)
            let clients = try await send(to: bed)
            #expect(bed.load().wantsActivation)
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(bed.load().queued == 3 && server.connections.isEmpty)
            bed.seat()
            try await expectAnswers(clients, server)
            bed.seat(isHeld: true)
            let late = try await bed.client()
            late.send(get())
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.seat()
            #expect(try await late.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `what is in flight when slots are no longer granted ends as it would have`() async throws {
        let server = try await StubServer.start { _ in }
        try await withTestbed(internal: makeInternal()) { bed in
            try await bed.serve(server, function: function)
            let (working, waiting) = (try await bed.client(), try await bed.client())
            working.send(get())
            try await eventually("one works") { server.requests.count == 1 }
            bed.seat(isHeld: true)
            waiting.send(get())
            try await eventually("the other one waits") { bed.load().queued == 1 }
            #expect(bed.load().inFlight == 1)
            #expect(bed.dispatcherLoad("r0")?.inFlight == 1)
            server.requests[0].connection.send(ok("done"))
            #expect(try await working.answer().body == "done")
            try await eventually("its slot is free") { bed.load().inFlight == 0 }
            #expect(bed.load().queued == 1)
            bed.seat()
            try await eventually("the other one works") { server.requests.count == 2 }
            server.requests[1].connection.send(ok())
            #expect(try await waiting.answer().status == 200)
        }
        await server.stop()
    }

    @Test func `those who wait for another process are served here when it is this one's turn`() async throws {
        let server = try await echo()
        // Nobody listens there: everything waits for the way to be open.
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withTestbed(internal: makeInternal()) { bed in
            bed.declare(function)
            bed.run(makeReplica("r", of: function, port: server.port))
            try await eventually("it accepts") { bed.accepting == 1 }
            bed.seat(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let clients = try await send(to: bed)
            #expect(bed.load().queued == 0)
            bed.seat()
            try await expectAnswers(clients, server)
            #expect(bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 3)
        }
        await server.stop()
    }

    @Test func `those who wait for one process go to another one`() async throws {
        let server = try await echo()
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withPair { first, owner in
            first.declare(function)
            try await owner.serve(server, function: function)
            first.seat(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let clients = try await send(to: first)
            first.seat(elsewhere: owner.internalAddress, isHeld: true)
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `those who are held go to the process that grants the slots after all`() async throws {
        let server = try await echo()
        try await withPair { first, owner in
            first.declare(function)
            first.seat(isHeld: true)
            try await owner.serve(server, function: function)
            let clients = try await send(to: first)
            try await eventually("they wait") { first.load().queued == 3 }
            first.seat(elsewhere: owner.internalAddress, isHeld: true)
            try await expectAnswers(clients, server)
            #expect(first.load().queued == 0)
        }
        await server.stop()
    }

    @Test func `those who wait at a process that will not grant the slots come back and wait for who will`()
        async throws
    {
        let server = try await echo()
        try await withPair { first, second in
            first.declare(function)
            try await second.serve(server, function: function)
            second.seat(isHeld: true)
            first.seat(elsewhere: second.internalAddress, isHeld: true)
            let clients = try await send(to: first)
            try await eventually("they wait there") { second.load().queued == 3 }
            // For a moment each of the two says that it is the other one's turn.
            second.seat(elsewhere: first.internalAddress, isHeld: true)
            try await eventually("nobody waits there") { second.load().queued == 0 }
            #expect(first.dispatcher.currentInvocations == 3)
            first.run(makeReplica("r", of: function, port: server.port))
            first.seat()
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `a function that its owner does not know yet waits until it does`() async throws {
        let server = try await echo()
        try await withPair { first, owner in
            first.declare(function)
            first.seat(elsewhere: owner.internalAddress, isHeld: true)
            let clients = try await send(to: first)
            try await owner.serve(server, function: function)
            try await expectAnswers(clients, server)
        }
        await server.stop()
    }

    @Test func `a function that is deleted while its invocations wait for another process is not found`() async throws {
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        try await withTestbed(internal: makeInternal()) { bed in
            bed.declare(function)
            bed.seat(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let client = try await bed.client()
            client.send(get())
            try await eventually("it waits") { bed.dispatcher.currentInvocations == 1 }
            bed.declare()
            #expect(try await client.answer().status == 404)
        }
    }

    @Test func `the queue for another process is bounded, and its waiters' time is the function's`() async throws {
        let (descriptor, port) = try Wire.occupy()
        defer { close(descriptor) }
        var limits = Limits()
        limits.queueLengthMax = 1
        try await withTestbed(internal: makeInternal(), limits: limits) { bed in
            // Longer than the second one needs on a busy machine to find the queue full.
            bed.declare(makeFunction(concurrency: 1, timeout: .seconds(8)))
            bed.seat(elsewhere: Replica.Address(ip: "127.0.0.1", port: port), isHeld: true)
            let first = try await bed.client()
            first.send(get())
            try await eventually("it waits") {
                bed.dispatcher.calledCells.first?.forward?.withQueue { $0.queued } == 1
            }
            #expect(try await bed.client().ask(get()).status == 503)
            #expect(try await first.answer().status == 502)
            #expect(bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"connect\"}") == 1)
        }
    }
}
