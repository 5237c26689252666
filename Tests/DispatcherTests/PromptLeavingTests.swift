import F2SModel
import Glibc
import Testing

extension DispatcherSerial {
    /// Tests promise 7: after a client leaves, its resources are free within one tick (50 ms) of its loop.
    @Suite struct PromptLeavingTests {
        private static let rounds = 40
        /// The promised time in nanoseconds. A test fails at five times it.
        private static let bar: UInt64 = 50_000_000

        enum Way: CaseIterable, Sendable { case end, half, reset }

        private func leave(_ descriptor: Int32, _ way: Way) {
            switch way {
            case .end: close(descriptor)
            case .half: Wire.finishSending(descriptor)
            case .reset: Wire.reset(descriptor)
            }
        }

        private func tell(_ what: String, _ way: Way, _ times: [UInt64]) {
            let sorted = times.sorted()
            let (median, most) = (Double(sorted[sorted.count / 2]) / 1e6, Double(sorted[sorted.count - 1]) / 1e6)
            report(7, "\(what) (\(way)): free after \(median) ms, at most \(most) ms, of \(times.count) (limit 50 ms)")
            #expect(sorted[sorted.count / 2] < 5 * Self.bar)
        }

        @Test(arguments: Way.allCases) func `a queued client that leaves frees its position`(way: Way) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let holder = try await bed.client()
                holder.send(get())
                try await eventually("the slot is in use") { server.requests.count == 1 }
                var times: [UInt64] = []
                for _ in 0..<Self.rounds {
                    let client = try Wire.connect(to: bed.port)
                    Wire.send(client, Array(get().utf8))
                    try await promptly("the invocation is queued") { bed.load().queued == 1 }
                    let begun = Wire.now()
                    leave(client, way)
                    try await promptly("the queue is empty") { bed.load().queued == 0 }
                    times.append(Wire.now() - begun)
                    if way == .half { close(client) }
                }
                tell("a position in the queue", way, times)
                #expect(server.requests.count == 1)
            }
            await server.stop()
        }

        @Test(arguments: Way.allCases)
        func `the slot of a client that left is free as soon as the replica has responded`(way: Way) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                var times: [UInt64] = []
                var working = try Wire.connect(to: bed.port)
                Wire.send(working, Array(get("/hello/first").utf8))
                for round in 0..<Self.rounds {
                    try await promptly("the replica has the request") { server.requests.count == round + 1 }
                    let next = try Wire.connect(to: bed.port)
                    Wire.send(next, Array(get("/hello/\(round)").utf8))
                    try await promptly("the next invocation is queued") { bed.load().queued == 1 }
                    leave(working, way)
                    try await promptly("the client is gone") { bed.clientConnections == 1 }
                    #expect(server.requests.count == round + 1)
                    let begun = Wire.now()
                    server.requests[round].connection.send(ok())
                    try await promptly("the next request reaches the replica") { server.requests.count == round + 2 }
                    times.append(Wire.now() - begun)
                    if way == .half { close(working) }
                    working = next
                }
                tell("a slot, from the replica's response until the next request arrives there", way, times)
                close(working)
                server.requests[Self.rounds].connection.send(ok())
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test(arguments: Way.allCases)
        func `without a limit the replica's connection closes at once when its client leaves`(way: Way) async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: makeFunction())
                var times: [UInt64] = []
                for round in 0..<Self.rounds {
                    let client = try Wire.connect(to: bed.port)
                    Wire.send(client, Array(get().utf8))
                    try await promptly("the replica has the request") { server.requests.count == round + 1 }
                    let begun = Wire.now()
                    leave(client, way)
                    try await promptly("the replica's connection is closed") { server.hasEnded(round) }
                    times.append(Wire.now() - begun)
                    if way == .half { close(client) }
                }
                tell("a replica's connection", way, times)
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `all resources are free after all clients leave at once`() async throws {
            let replicas = try LeanReplicas(1, delay: 5_000_000)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports, function: makeFunction(concurrency: 2))
                let clients = try (0..<500).map { _ in try Wire.connect(to: bed.port) }
                for client in clients { Wire.send(client, Array(get().utf8)) }
                try await promptly("the clients are counted") { bed.load().queued > 400 }
                let begun = Wire.now()
                for (number, client) in clients.enumerated() { leave(client, number % 2 == 0 ? .end : .reset) }
                try await promptly("the queue is empty") { bed.load().queued == 0 }
                let time = Double(Wire.now() - begun) / 1e6
                report(7, "500 clients that leave at once: the queue is empty after \(time) ms")
                try await eventually("no invocation is left") { bed.isIdle() && bed.clientConnections == 0 }
                #expect(try await bed.client().ask(get()).status == 200)
            }
            replicas.stop()
        }
    }
}
