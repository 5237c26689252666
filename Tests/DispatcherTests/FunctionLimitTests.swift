import F2SModel
import NIOCore
import Testing

extension DispatcherSerial {
    /// Tests a function's own limits (`target.limits`) as its clients see them.
    @Suite struct FunctionLimitTests {
        private func limited(_ limits: FunctionLimits, concurrency: Int? = nil) -> Function {
            makeFunction(concurrency: concurrency, limits: limits)
        }

        @Test func `inFlight limits the requests of all replicas together`() async throws {
            let replicas = try LeanReplicas(3, delay: 1_000_000)
            try await withTestbed { bed in
                try await bed.serve(
                    ports: replicas.ports, function: limited(FunctionLimits(inFlight: 5), concurrency: 4))
                let outcome = try await LeanLoad(port: bed.port).run(threads: 2, connections: 40, count: 50)
                #expect(outcome.statuses == [200: 2000])
                #expect(outcome.foreign == 0)
                let tally = replicas.tally
                #expect(tally.mostInAll == 5)
                report(6, "inFlight 5 over 3 replicas of concurrency 4: at most \(tally.mostInAll) at once in 2000")
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            replicas.stop()
        }

        @Test func `a changed limit applies at once, also to queued invocations`() async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: limited(FunctionLimits(inFlight: 2)))
                var clients: [RawClient] = []
                for number in 1...6 {
                    clients.append(try await bed.client())
                    clients[number - 1].send(get("/hello/\(number)"))
                    try await eventually("the client is counted") { bed.load().inFlight + bed.load().queued == number }
                }
                try await eventually("two requests at the replica") { server.requests.count == 2 }
                #expect(bed.load().queued == 4)
                bed.declare(limited(FunctionLimits(inFlight: 4)))
                try await eventually("four requests at the replica") { server.requests.count == 4 }
                bed.declare(limited(FunctionLimits(inFlight: 3, queued: 1)))
                // The first response frees no slot, because four requests exceed the new limit of three. The queue is
                // longer than its new limit, so the next invocation is rejected.
                server.requests[0].connection.send(ok())
                try await eventually("three requests in flight") { bed.load().inFlight == 3 }
                #expect(bed.load().queued == 2)
                #expect(server.requests.count == 4)
                #expect(try await bed.client().ask(get()).status == 503)
                bed.declare(limited(FunctionLimits()))
                try await eventually("all requests at the replica") { server.requests.count == 6 }
                for request in server.requests.dropFirst() { request.connection.send(ok()) }
                for client in clients { #expect(try await client.answer().status == 200) }
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            await server.stop()
        }

        @Test func `without a queue the next invocation gets 503 at once`() async throws {
            let server = try await StubServer.start { _ in }
            try await withTestbed { bed in
                try await bed.serve(server, function: limited(FunctionLimits(inFlight: 1, queued: 0)))
                let (first, second) = (try await bed.client(), try await bed.client())
                first.send(get())
                try await eventually("the replica has the request") { server.requests.count == 1 }
                for _ in 0..<3 {
                    let answer = try await second.ask(get())
                    #expect(answer.status == 503)
                    #expect(answer.field("Retry-After") == "1")
                    #expect(answer.field("Content-Type") == "application/problem+json")
                    #expect(answer.body.contains("\"stage\":\"queue\""), "\(answer.body)")
                    let waited = answer.field("Server-Timing")?.dropFirst("queue;dur=".count).prefix { $0 != "," }
                    // A queued invocation would get its response only after the first one.
                    #expect(waited.flatMap { Double($0) } ?? .infinity < 5000)
                }
                #expect(await bed.metric("f2s_requests_failed_total{function=\"hello\",stage=\"queue\"}") == 3)
                server.requests[0].connection.send(ok())
                #expect(try await first.answer().status == 200)
                second.send(get())
                try await eventually("the replica has the request") { server.requests.count == 2 }
                server.requests[1].connection.send(ok())
                #expect(try await second.answer().status == 200)
            }
            await server.stop()
        }

        @Test(arguments: [(0.5, "2"), (0.1, "10"), (0.0001, "10000")])
        func `a client over its rate gets 429, Retry-After and the reason`(rate: Double, seconds: String) async throws {
            let server = try await StubServer.answering(ok())
            try await withTestbed { bed in
                try await bed.serve(server, function: limited(FunctionLimits(rate: rate)))
                let client = try await bed.client()
                #expect(try await client.ask(get()).status == 200)
                let answer = try await client.ask(get())
                #expect(answer.status == 429)
                #expect(answer.field("Retry-After") == seconds)
                #expect(answer.field("Content-Type") == "application/problem+json")
                #expect(answer.body.contains("\"stage\":\"queue\""), "\(answer.body)")
                #expect(answer.field("Connection") == nil)
                #expect(try await client.ask(get("/nothing")).status == 404)
                #expect(server.requests.count == 1)
                #expect(await bed.metric("f2s_requests_limited_total{function=\"hello\"}") == 1)
                #expect(bed.isIdle())
            }
            await server.stop()
        }

        @Test func `a burst is exact over all loops and connections of a client`() async throws {
            let replicas = try LeanReplicas(2)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports, function: limited(FunctionLimits(rate: 0.001, burst: 100)))
                let outcome = try await LeanLoad(port: bed.port).run(threads: 2, connections: 32, count: 20)
                #expect(outcome.statuses == [200: 100, 429: 540])
                #expect(replicas.tally.served.reduce(0, +) == 100)
                #expect(await bed.metric("f2s_requests_limited_total{function=\"hello\"}") == 540)
                report(6, "burst 100 of one client over all loops: \(outcome.statuses)")
            }
            replicas.stop()
        }

        @Test func `every client address has its own bucket`() async throws {
            let server = try await StubServer.answering(ok())
            try await withTestbed { bed in
                try await bed.serve(server, function: limited(FunctionLimits(rate: 0.001, burst: 2)))
                for source in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
                    for expected in [200, 200, 429, 429] {
                        // Each request uses a new connection, because buckets belong to addresses.
                        let client = try await RawClient.connect(to: bed.port, from: source)
                        #expect(try await client.ask(get()).status == expected, "\(source)")
                        client.close()
                    }
                }
                #expect(
                    server.requests.map { $0.field("X-Forwarded-For") ?? "" } == [
                        "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3",
                    ])
                // The address that a client claims is ignored.
                let client = try await bed.client()
                #expect(try await client.ask(get("/hello", "X-Forwarded-For: 127.0.0.9\r\n")).status == 429)
            }
            await server.stop()
        }

        @Test func `a rate limit can be added, changed and removed while clients are connected`() async throws {
            let server = try await StubServer.answering(ok())
            try await withTestbed { bed in
                try await bed.serve(server, function: limited(FunctionLimits()))
                let client = try await bed.client()
                func statuses(_ count: Int) async throws -> [Int] {
                    // The loop applies a new table asynchronously. It has applied it once it responds on another route.
                    #expect(try await bed.client().ask(get("/nothing")).status == 404)
                    var statuses: [Int] = []
                    for _ in 0..<count { statuses.append(try await client.ask(get()).status) }
                    return statuses
                }
                #expect(try await statuses(3) == [200, 200, 200])
                bed.declare(limited(FunctionLimits(rate: 0.001, burst: 1)))
                #expect(try await statuses(3) == [200, 429, 429])
                bed.declare(limited(FunctionLimits(rate: 0.001, burst: 2)))
                #expect(try await statuses(3) == [200, 200, 429])
                bed.declare(limited(FunctionLimits()))
                #expect(try await statuses(3) == [200, 200, 200])
            }
            await server.stop()
        }

        @Test func `tokens are added at the rate`() async throws {
            let replicas = try LeanReplicas(1)
            try await withTestbed { bed in
                try await bed.serve(ports: replicas.ports, function: limited(FunctionLimits(rate: 50, burst: 5)))
                let begun = Wire.now()
                let outcome = try await PacedLoad(port: bed.port, perSecond: 200).run(seconds: 1)
                let seconds = Double(Wire.now() - begun) / 1e9
                let served = outcome.statuses[200, default: 0]
                report(6, "rate 50, burst 5, asked 200 times in \(seconds) s: \(outcome.statuses)")
                // At most 5 at once and 50 per second. If the machine delays the client, tokens above the bucket's
                // capacity are lost.
                #expect(served <= 5 + Int(50 * seconds) + 1)
                #expect(served >= 25)
            }
            replicas.stop()
        }
    }
}
