import F2SDispatcher
import F2SModel
import Glibc
import Testing

/// Tests replicas that disappear while they work, that reuse the address of another replica, or whose address changes.
@Suite struct ReplicaIdentityTests {
    @Test(arguments: [true, false])
    func `a draining replica that is no longer listed counts until its last invocation ends`(
        isFunctionRemoved: Bool
    ) async throws {
        let (old, new) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("new")))
        let function = makeFunction()
        try await withTestbed { bed in
            try await bed.serve(old, function: function)
            var clients: [RawClient] = []
            for number in 1...2 {
                clients.append(try await bed.client())
                clients[number - 1].send(get())
                try await eventually("the replica has the request") { old.requests.count == number }
            }
            bed.run(makeReplica("r0", of: function, state: .draining, port: old.port))
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2, isAccepting: true))
            if isFunctionRemoved { bed.declare() }
            bed.run(makeReplica("r1", of: function, port: new.port))
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2))
            if !isFunctionRemoved {
                try await eventually("the new replica accepts") { bed.dispatcherLoad("r1")?.isAccepting == true }
                #expect(try await bed.client().ask(get()).body == "new")
            }
            old.requests[0].connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhal")
            try await eventually("half of the response") { clients[0].inbox.text.hasSuffix("hal") }
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2))
            old.requests[0].connection.send("ves")
            #expect(try await clients[0].answer().body == "halves")
            try await eventually("only one is left") { bed.dispatcherLoad("r0") == .init(inFlight: 1) }
            old.requests[1].connection.send(ok("last"))
            #expect(try await clients[1].answer().body == "last")
            try await eventually("the replica is no longer reported") { bed.dispatcherLoad("r0") == nil }
            try await eventually("its connections are closed") { old.openConnections == 0 }
        }
        await old.stop()
        await new.stop()
    }

    @Test func `a new replica at the address of a former one gets new connections`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
            let earlier = server.connections.count
            try await eventually("one connection is idle") { server.openConnections == 1 }
            bed.run(makeReplica("another", port: server.port))
            try await eventually("the replica accepts") { bed.dispatcherLoad("another")?.isAccepting == true }
            #expect(bed.dispatcherLoad("r0") == nil)
            #expect(try await client.ask(get()).status == 200)
            let last = try server.requests.last.orThrow()
            #expect(last.index == 0)
            #expect(server.connections.count > earlier)
            try await eventually("the former replica's connections are closed") { server.openConnections == 1 }
        }
        await server.stop()
    }

    @Test func `a replica with a changed address is used at the new one and counts once`() async throws {
        let (old, new) = (try await StubServer.start { _ in }, try await StubServer.answering(ok("new")))
        let function = makeFunction()
        try await withTestbed { bed in
            bed.declare(function)
            bed.dispatcher.apply(
                ReplicaSnapshot(replicas: [
                    Replica(
                        id: Replica.ID("r"), function: function.id, revision: function.revision, state: .starting,
                        since: 0)
                ]))
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is queued") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: old.port))
            try await eventually("the replica has the request") { old.requests.count == 1 }
            bed.run(makeReplica("r", of: function, port: new.port))
            try await eventually("the replica accepts at the new address") {
                bed.dispatcherLoad("r")?.isAccepting == true
            }
            #expect(try await bed.client().ask(get()).body == "new")
            #expect(bed.dispatcherLoad("r") == .init(inFlight: 1, isAccepting: true))
            old.requests[0].connection.send(ok("old"))
            #expect(try await client.answer().body == "old")
            try await eventually("no invocation is left") { bed.dispatcherLoad("r") == .init(isAccepting: true) }
            try await eventually("the connections to the old address are closed") { old.openConnections == 0 }
            #expect(bed.load().inFlight == 0)
        }
        await old.stop()
        await new.stop()
    }

    @Test func `an unresponsive address gets one connection attempt at a time`() async throws {
        // The kernel accepts only the first connection for this listener, which is the test's; all others wait.
        let (listener, port) = try Wire.listen()
        listen(listener, 0)
        let first = try Wire.connect(to: port)
        try await withTestbed { bed in
            bed.declare(makeFunction())
            for state in [Replica.State.starting, .ready, .starting] {
                bed.run(makeReplica("r", state: state, port: port))
                try await eventually("one connection attempt") { bed.upstreamConnections == 1 }
            }
            let client = try await bed.client()
            client.send(get())
            try await eventually("an invocation is queued") { bed.load().queued == 1 }
            // Accepting the first connection makes room for another, which the kernel retries by itself.
            var most = 0
            let accepted = accept(listener, nil, nil)
            try await eventually("the replica accepts") {
                most = max(most, bed.upstreamConnections)
                return bed.accepting == 1
            }
            #expect(most == 1)
            close(accepted)
        }
        close(first)
        close(listener)
    }

    @Test
    func `a connection attempt to a removed replica is given up, and another replica serves its invocation`()
        async throws
    {
        let (listener, port) = try Wire.listen()
        listen(listener, 0)
        let server = try await StubServer.answering(ok("other"))
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            bed.run(makeReplica("full", of: function, port: port))
            try await eventually("the replica has accepted once") { bed.accepting == 1 }
            let client = try await bed.client()
            client.send(get())
            try await eventually("the invocation is in flight") {
                bed.load().inFlight == 1 && bed.upstreamConnections == 1
            }
            bed.run(makeReplica("other", of: function, port: server.port))
            // The limit is much shorter than the timeouts of the connection and of the invocation.
            try await promptly("the response arrives", within: .seconds(5)) { client.inbox.text.hasSuffix("other") }
        }
        await server.stop()
        close(listener)
    }
}
