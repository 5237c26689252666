import ProcessSupport
import Testing

extension ClusterSerial {
    /// A load during replacements of all pods (must hold 3).
    @Suite struct NoLoss {
        @Test func `none of 20,000 requests fails while all pods are replaced`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("steady") }
            var function = ClusterFunction("steady") {
                $0.minReplicas = 1
                $0.maxReplicas = 1
            }
            try f2s.declare(function)
            try f2s.wait(for: "steady", ready: 1)
            let load = PacedLoad(on: try f2s.address, "/invoke/steady", perSecond: 100, atLeast: 20_000)
            async let running = load.run()
            do { try Self.replaceEverything(f2s, &function, load) } catch {
                load.stop()
                report(3, "failed requests until then: \(try await running.summary)")
                throw error
            }
            load.note("the end")
            load.stop()
            let outcome = try await running
            report(
                3,
                "\(outcome.sent) requests at 100/s by \(outcome.pods.count) pods; failed: \(outcome.summary);",
                "\(outcome.latencies); by version \(outcome.versions)")
            #expect(outcome.sent >= 20_000)
            #expect(outcome.failures.isEmpty)
        }

        private static func replaceEverything(
            _ f2s: F2SInstallation, _ function: inout ClusterFunction, _ load: PacedLoad
        ) throws {
            func change(_ what: String, to count: Int, _ change: (inout ClusterFunction) -> Void) throws {
                load.note(what)
                change(&function)
                try f2s.kubectl.apply(function.yaml)
                try f2s.wait(for: function.name, ready: count, image: function.image)
                report(3, "\(what): done")
            }
            try change("1→4", to: 4) { ($0.minReplicas, $0.maxReplicas) = (4, 4) }
            try change("a new image", to: 4) { $0.image = ClusterEnvironment.nextFunctionImage }
            try change("4→1", to: 1) { ($0.minReplicas, $0.maxReplicas) = (1, 1) }
            try change("1→2", to: 2) { ($0.minReplicas, $0.maxReplicas) = (2, 2) }

            load.note("kubectl delete pod")
            let names = try f2s.api.pods(of: function.name).map(\.name)
            _ = try f2s.kubectl.run(
                ["delete", "pod", "--namespace=f2s-containers"] + names, within: .seconds(90))
            try f2s.wait(for: function.name, ready: 2)
            report(3, "kubectl delete pod \(names.joined(separator: " ")): done")

            load.note("eviction of the function's pods")
            for pod in try f2s.api.pods(of: function.name) { try Self.evict(pod, of: "f2s-containers", f2s) }
            try f2s.wait(for: function.name, ready: 2)
            report(3, "eviction of every pod of the function: done")

            for pod in try f2s.waitUntilComplete() {
                load.note("deletion of \(pod.name)")
                try f2s.kubectl("delete", "pod", "--namespace=f2s", pod.name, within: .seconds(150))
                let left = try f2s.waitUntilComplete()
                #expect(!left.contains { $0.name == pod.name })
                report(3, "deletion of \(pod.name): done")
            }

            load.note("eviction of F2S")
            for pod in try f2s.waitUntilComplete() {
                try Self.evict(pod, of: "f2s", f2s)
                try eventually("\(pod.name) is deleted", within: .seconds(150)) {
                    pause(.milliseconds(200))
                    return try f2s.api.find("\(ClusterAPI.ownPods)/\(pod.name)") == nil
                }
                try f2s.waitUntilComplete()
            }
            report(3, "eviction of every pod of F2S: done")

            load.note("an upgrade of F2S")
            try f2s.install(ClusterEnvironment.nextImage)
            for pod in try f2s.waitUntilComplete() { #expect(pod.image == ClusterEnvironment.nextImage) }
            report(3, "upgrade of F2S: done")
        }

        /// Evicts a pod as `kubectl drain` does, but without cordoning the only node. If the disruption budget is used
        /// up, the API server responds with 429, and the eviction is repeated.
        private static func evict(_ pod: Pod, of namespace: String, _ f2s: F2SInstallation) throws {
            let body = """
                {"apiVersion": "policy/v1beta1", "kind": "Eviction",
                 "metadata": {"name": "\(pod.name)", "namespace": "\(namespace)"}}
                """
            try eventually("\(pod.name) may be evicted", within: .seconds(60)) {
                do {
                    try f2s.api.send("POST", "/api/v1/namespaces/\(namespace)/pods/\(pod.name)/eviction", body)
                    return true
                } catch let error as ClusterAPI.Refused where error.status == 429 {
                    pause(.milliseconds(500))
                    return false
                }
            }
        }
    }
}
