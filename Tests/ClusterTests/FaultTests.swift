import Glibc
import ProcessSupport
import Testing

extension ClusterSerial {
    /// Faults of the API server (second half of must hold 5).
    @Suite struct Faults {
        @Test func `broken watches and failed calls delay changes, and lose none`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("faulty-warm", "faulty-cold", "faulty-gone") }
            // The pods of F2S are scaled to zero meanwhile. The process below leads, and all of its requests pass the
            // faulty server.
            try f2s.kubectl("scale", "deployment/f2s", "--namespace=f2s", "--replicas=0")
            defer {
                _ = try? f2s.kubectl("scale", "deployment/f2s", "--namespace=f2s", "--replicas=2")
                _ = try? f2s.waitUntilComplete()
            }
            try eventually("the pods of F2S are deleted", within: .seconds(150)) {
                pause(.milliseconds(200))
                return try f2s.api.ownPods().isEmpty
            }
            let seed: UInt64 = .random(in: 0 ... .max)
            let server = try FaultyAPIServer(before: f2s.api.port, seed: seed)
            async let serving: Void = server.run()
            defer { server.stop() }
            let outside = try OutsideF2S(apiPort: server.port, in: f2s.folder)
            defer { outside.end() }
            report(5, "faults with the seed \(seed)")
            do { try await Self.change(f2s, outside, server) } catch {
                report(5, "faults until then: \(server.counts); f2s has logged:\n\(outside.logTail)")
                throw error
            }
            outside.end()
            server.stop()
            try await serving
        }

        private static func change(
            _ f2s: F2SInstallation, _ outside: OutsideF2S, _ server: FaultyAPIServer
        ) async throws {
            let warm = ClusterFunction("faulty-warm") { ($0.minReplicas, $0.maxReplicas) = (1, 1) }
            let gone = ClusterFunction("faulty-gone") { ($0.minReplicas, $0.maxReplicas) = (1, 1) }
            try f2s.kubectl.apply([warm, gone].map(\.yaml).joined(separator: "---\n"))
            try f2s.wait(for: "faulty-warm", ready: 1)
            try f2s.wait(for: "faulty-gone", ready: 1)
            let address = ("127.0.0.1", outside.port)
            try eventually("the warm function is served", within: .seconds(60)) {
                try outside.get("/invoke/faulty-warm").status == 200
            }

            let load = PacedLoad(on: address, "/invoke/faulty-warm", perSecond: 50, connections: 8)
            async let running = load.run()
            defer { load.stop() }
            let begun = monotonicNanoseconds()
            load.note("scaling 1→3")
            try f2s.kubectl.apply(
                ClusterFunction("faulty-warm") { ($0.minReplicas, $0.maxReplicas) = (3, 3) }.yaml)
            try f2s.wait(for: "faulty-warm", ready: 3, within: .seconds(120))
            load.note("a cold start")
            try f2s.kubectl.apply(ClusterFunction("faulty-cold").yaml)
            try eventually("a cold function is served", within: .seconds(120)) {
                try outside.get("/invoke/faulty-cold").status == 200
            }
            load.note("scaling 3→1")
            try f2s.kubectl.apply(warm.yaml)
            try f2s.wait(for: "faulty-warm", ready: 1, within: .seconds(120))
            load.note("a deletion")
            try f2s.remove("faulty-gone")
            let took = monotonicNanoseconds() - begun
            load.stop()
            let outcome = try await running
            let counts = server.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
            report(
                5,
                "faults: \(counts.joined(separator: ", ")); 1→3, a cold start, 3→1 and a deletion took",
                "\(took.milliseconds); \(outcome.sent) requests meanwhile, failed: \(outcome.summary)")
            #expect(outcome.failures.isEmpty)
            for fault in FaultyAPIServer.Fault.allCases {
                #expect(server.counts[fault] != nil, "\(fault) never occurred")
            }
        }
    }
}
