import F2SDispatcher
import F2SModel
import Glibc
import Testing

/// Replicas that go while they work, that come with another one's address, and that change theirs.
@Suite struct ReplicaIdentityTests {
    @Test(arguments: [true, false])
    func `a draining replica that is listed no longer ends what it has, and counts until then`(
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
                try await eventually("it works") { old.requests.count == number }
            }
            bed.run(makeReplica("r0", of: function, state: .draining, port: old.port))
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2, isAccepting: true))
            if isFunctionRemoved { bed.declare() }
            bed.run(makeReplica("r1", of: function, port: new.port))
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2))
            if !isFunctionRemoved {
                try await eventually("the new one accepts") { bed.dispatcherLoad("r1")?.isAccepting == true }
                #expect(try await bed.client().ask(get()).body == "new")
            }
            old.requests[0].connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhal")
            try await eventually("half an answer") { clients[0].inbox.text.hasSuffix("hal") }
            #expect(bed.dispatcherLoad("r0") == .init(inFlight: 2))
            old.requests[0].connection.send("ves")
            #expect(try await clients[0].answer().body == "halves")
            try await eventually("one is left") { bed.dispatcherLoad("r0") == .init(inFlight: 1) }
            old.requests[1].connection.send(ok("last"))
            #expect(try await clients[1].answer().body == "last")
            try await eventually("it has nothing left") { bed.dispatcherLoad("r0") == nil }
            try await eventually("its connections are closed") { old.openConnections == 0 }
        }
        await old.stop()
        await new.stop()
    }

    @Test func `a new replica at the address of one that is gone gets connections of its own`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
            let earlier = server.connections.count
            try await eventually("one is idle") { server.openConnections == 1 }
            bed.run(makeReplica("another", port: server.port))
            try await eventually("it accepts") { bed.dispatcherLoad("another")?.isAccepting == true }
            #expect(bed.dispatcherLoad("r0") == nil)
            #expect(try await client.ask(get()).status == 200)
            let last = try server.requests.last.orThrow()
            #expect(last.index == 0)
            #expect(server.connections.count > earlier)
            try await eventually("the other one's are closed") { server.openConnections == 1 }
        }
        await server.stop()
    }

    @Test func `a replica whose address changes is reached at the new one, and counts once`() async throws {
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
            try await eventually("it waits") { bed.load().queued == 1 }
            bed.run(makeReplica("r", of: function, state: .starting, port: old.port))
            try await eventually("it works") { old.requests.count == 1 }
            bed.run(makeReplica("r", of: function, port: new.port))
            try await eventually("it accepts there") { bed.dispatcherLoad("r")?.isAccepting == true }
            #expect(try await bed.client().ask(get()).body == "new")
            #expect(bed.dispatcherLoad("r") == .init(inFlight: 1, isAccepting: true))
            old.requests[0].connection.send(ok("old"))
            #expect(try await client.answer().body == "old")
            try await eventually("nothing is left") { bed.dispatcherLoad("r") == .init(isAccepting: true) }
            try await eventually("nothing is open there") { old.openConnections == 0 }
            #expect(bed.load().inFlight == 0)
        }
        await old.stop()
        await new.stop()
    }

    @Test func `an address that answers nothing is tried once at a time`() async throws {
        // The kernel takes one connection for this listener, which is ours; all others wait.
        let (listener, port) = try Wire.listen()
        listen(listener, 0)
        let first = try Wire.connect(to: port)
        try await withTestbed { bed in
            bed.declare(makeFunction())
            for state in [Replica.State.starting, .ready, .starting] {
                bed.run(makeReplica("r", state: state, port: port))
                try await eventually("it is tried") { bed.upstreamConnections == 1 }
            }
            let client = try await bed.client()
            client.send(get())
            try await eventually("somebody waits for it") { bed.load().queued == 1 }
            // Room for it after some time: the kernel tries again by itself.
            var most = 0
            let accepted = accept(listener, nil, nil)
            try await eventually("it accepts") {
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
    func `a connection that is being made to a replica that goes is given up, and its invocation served elsewhere`()
        async throws
    {
        let (listener, port) = try Wire.listen()
        listen(listener, 0)
        let server = try await StubServer.answering(ok("other"))
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            bed.run(makeReplica("full", of: function, port: port))
            try await eventually("it has accepted once") { bed.accepting == 1 }
            let client = try await bed.client()
            client.send(get())
            try await eventually("it is on its way") { bed.load().inFlight == 1 && bed.upstreamConnections == 1 }
            bed.run(makeReplica("other", of: function, port: server.port))
            // Long before the connection or the invocation would time out.
            try await promptly("it is there", within: .seconds(5)) { client.inbox.text.hasSuffix("other") }
        }
        await server.stop()
        close(listener)
    }
}
