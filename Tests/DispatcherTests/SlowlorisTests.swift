import F2SModel
import Glibc
import Testing

extension DispatcherSerial {
    /// Tests promise 5: deliberately slow clients do not delay others, use little memory, and are disconnected.
    @Suite struct SlowlorisTests {
        private static let attackers = 1000

        private func limits() -> Limits {
            var limits = Limits()
            // The timeouts are longer than a busy machine needs to accept all of them.
            limits.headTimeout = .seconds(20)
            limits.idleTimeout = .seconds(20)
            return limits
        }

        @Test func `normal traffic is as fast beside 1,000 attackers as without them`() async throws {
            let (normal, victim) = (try LeanReplicas(1), try LeanReplicas(1))
            try await withTestbed(
                limits: limits(), timeouts: Timeouts(request: .seconds(24), http: .seconds(20))
            ) { bed in
                // The attackers use another function, because the test measures the dispatcher and not the replica.
                let functions = (makeFunction(), makeFunction("victim", age: 2))
                bed.declare(functions.0, functions.1)
                bed.run(
                    makeReplica("normal", of: functions.0, port: normal.ports[0]),
                    makeReplica("victim", of: functions.1, port: victim.ports[0]))
                try await eventually("both replicas accept") { bed.accepting == 2 }
                let load = PacedLoad(port: bed.port)
                _ = try await load.run(seconds: 0.2)
                var comparison = PacedLoad.Comparison()
                // The first round is not counted, because buffers grow during it.
                var round = 0
                while comparison.isOpen {
                    let without = try await measure(load)
                    let crowd = try Crowd(
                        Crowd.Kind.mix, count: Self.attackers, port: bed.port, function: "victim")
                    try await eventually("the clients are counted") { bed.clientConnections >= Self.attackers }
                    try await settled(victim)
                    let beside = try await measure(load)
                    #expect(bed.clientConnections > Self.attackers * 9 / 10)
                    crowd.stop()
                    if round > 0 { comparison.add(alone: without, beside: beside) }
                    try await eventually("the clients have left") { bed.clientConnections == 0 && bed.isIdle() }
                    round += 1
                }
                report(
                    5,
                    "200 requests/s beside \(Self.attackers) attackers (slow heads, bodies, readers; silent clients): "
                        + comparison.text)
                #expect(!comparison.isDelayed)
            }
            normal.stop()
            victim.stop()
        }

        /// Waits until the responses to the slow readers have filled all buffers between them and the replica. The
        /// kernel enlarges its buffers in steps, up to a quarter of a second apart, and the bytes that flow then are
        /// real work.
        private func settled(_ replicas: LeanReplicas) async throws {
            var (last, same) = (-1, 0)
            try await eventually("no more bytes are sent") {
                let bytes = replicas.tally.largeBytes
                same = bytes == last ? same + 1 : 0
                last = bytes
                return same == 150
            }
        }

        private func measure(_ load: PacedLoad) async throws -> PacedLoad.Outcome {
            let outcome = try await load.run(seconds: 0.6)
            #expect(outcome.statuses == [200: 120])
            return outcome
        }

        @Test(arguments: [
            (Crowd.Kind.slowHead, 1000, 4 << 10), (.silent, 1000, 4 << 10), (.slowBody, 1000, 8 << 10),
            (.slowReader, 100, 96 << 10),
        ])
        func `an attacker uses little memory and is disconnected in time`(
            kind: Crowd.Kind, count: Int, bytesMax: Int
        ) async throws {
            let replicas = try LeanReplicas(1)
            var limits = limits()
            // A busy machine needs a while to accept all of them, and none may be disconnected before.
            limits.headTimeout = .milliseconds(1500)
            limits.idleTimeout = .milliseconds(1500)
            try await withTestbed(
                limits: limits, timeouts: Timeouts(request: .milliseconds(2700), http: .milliseconds(1500))
            ) { bed in
                try await bed.serve(ports: replicas.ports)
                _ = try await PacedLoad(port: bed.port).run(seconds: 0.2)
                // The first clients make the dispatcher allocate objects that it reuses for the others.
                let first = try Crowd([kind], count: 20, port: bed.port)
                try await eventually("the first clients are counted") { bed.clientConnections == 20 }
                first.stop()
                try await eventually("the first clients are gone") { bed.clientConnections == 0 && bed.isIdle() }
                let before = try Wire.heapBytes()
                let crowd = try Crowd([kind], count: count, port: bed.port)
                try await eventually("the clients are counted") { bed.clientConnections >= count * 9 / 10 }
                var most = 0
                let begun = ContinuousClock.now
                try await eventually("the clients are disconnected") {
                    most = max(most, try Wire.heapBytes() - before)
                    return bed.clientConnections == 0
                }
                let time = begun.duration(to: .now)
                crowd.stop()
                try await eventually("no invocation is left") { bed.isIdle() }
                let each = most / count
                report(5, "\(count) attackers (\(kind)): \(each) bytes each, disconnected after \(time)")
                #expect(each <= bytesMax)
            }
            replicas.stop()
        }
    }
}
