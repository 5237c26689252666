import Glibc
import ProcessSupport
import Testing

extension ClusterSerial {
    /// Hundreds of functions (must hold 6).
    @Suite struct ManyFunctions {
        @Test func `300 functions have their objects within 30 s, and cause no load afterwards`() async throws {
            let f2s = try F2SInstallation.current
            let others = try Self.objects.map { try f2s.api.count($0) }
            defer { try? Self.removeAll(f2s, others) }
            // The first functions also cause the costs that all functions share.
            try await Self.declare(0..<50, f2s)
            try Self.wait(for: 50, others, f2s)
            let pods = try f2s.waitUntilComplete()
            try Self.waitUntilQuiet(f2s)
            let bytesBefore = try pods.map { try f2s.metric("process_resident_memory_bytes", of: $0) }
            let begun = monotonicNanoseconds()
            try await Self.declare(50..<350, f2s)
            let declared = monotonicNanoseconds() - begun
            try Self.wait(for: 350, others, f2s)
            let made = monotonicNanoseconds() - begun

            try Self.waitUntilQuiet(f2s)
            let bytes = try pods.map { try f2s.metric("process_resident_memory_bytes", of: $0) }
            let perFunction = zip(bytes, bytesBefore).map { Int(($0 - $1) / 300) }
            let calls = try Self.calls(f2s)
            pause(.seconds(60))
            let rate = try Self.calls(f2s) - calls
            report(
                6,
                "300 functions declared in \(declared.milliseconds), all objects after \(made.milliseconds)",
                "(at most 30 s);",
                "memory per function, by pod of F2S: \(perFunction) bytes (at most 8192);",
                "calls of the API server about functions, Deployments, Services, pods in a quiet minute: \(Int(rate))",
                "(fewer than one per function)")
            #expect(made <= 30_000_000_000 * Int64(timeout))
            #expect(perFunction.allSatisfy { $0 <= 8192 * timeout })
            #expect(rate < 300)
        }

        private static func declare(_ numbers: Range<Int>, _ f2s: F2SInstallation) async throws {
            let connections = 6
            _ = try await atOnce(connections) { part in
                for number in numbers where number % connections == part {
                    try f2s.api.send(
                        "POST", ClusterAPI.functions, ClusterFunction("many-\(number)").yaml, type: "application/yaml")
                }
            }
        }

        /// The collections in which each function has one object.
        private static let objects = [ClusterAPI.deployments, ClusterAPI.services]

        /// Waits until there are `count` objects of each kind in addition to those that existed before.
        private static func wait(for count: Int, _ others: [Int], _ f2s: F2SInstallation) throws {
            for (path, others) in zip(objects, others) {
                try eventually("\(count) functions have their objects at \(path)", within: .seconds(150)) {
                    pause(.milliseconds(200))
                    return try f2s.api.count(path) == count + others
                }
            }
        }

        /// Waits until nothing changes any more: statuses are written a little later than objects.
        private static func waitUntilQuiet(_ f2s: F2SInstallation) throws {
            var calls = try calls(f2s)
            try eventually("nothing is written any more", within: .seconds(60)) {
                pause(.seconds(3))
                let now = try Self.calls(f2s)
                defer { calls = now }
                return now - calls < 10
            }
        }

        /// Returns the number of requests that the API server has served about the resources that F2S uses, from all
        /// clients. Watches are not included: they are long, and count when they end.
        private static func calls(_ f2s: F2SInstallation) throws -> Double {
            let resources = ["functions", "deployments", "services", "pods", "replicasets"].map { "resource=\"\($0)\"" }
            return MetricsText.sum("apiserver_request_total", in: try f2s.api.text("/metrics")) { line in
                resources.contains { line.contains($0) } && !line.contains("verb=\"WATCH\"")
            }
        }

        private static func removeAll(_ f2s: F2SInstallation, _ others: [Int]) throws {
            let names = (0..<350).map { "many-\($0)" }
            _ = try f2s.kubectl.run(
                ["delete", "f2sfn", "--namespace=f2s", "--ignore-not-found", "--wait=false"] + names,
                within: .seconds(90))
            try wait(for: 0, others, f2s)
        }
    }
}
