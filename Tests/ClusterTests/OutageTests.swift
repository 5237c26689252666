import ProcessSupport
import Testing

extension ClusterSerial {
    /// An outage of the API server (must hold 5).
    @Suite(.enabled(if: ClusterEnvironment.isOurs, "the API server may be stopped in the project's own cluster only"))
    struct Outage {
        /// The responses of F2S while the API server is stopped.
        private struct Answers: Sendable {
            /// The response of a function without replicas.
            let cold: HTTPAnswer
            /// Nanoseconds until that response.
            let coldTook: Int64
            /// The response of `/health`.
            let health: HTTPAnswer
        }

        @Test func `a minute without an API server fails only cold invocations, which get the reason`()
            async throws
        {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("lasting", "idle", "cold", "after") }
            try f2s.declare(
                ClusterFunction("lasting") { ($0.minReplicas, $0.maxReplicas) = (2, 2) },
                ClusterFunction("idle") { ($0.minReplicas, $0.maxReplicas) = (1, 1) }, ClusterFunction("cold"))
            try f2s.wait(for: "lasting", ready: 2)
            try f2s.wait(for: "idle", ready: 1)
            try f2s.waitUntilComplete()
            let before = try Self.identities(f2s)

            let address = try f2s.address
            let load = PacedLoad(on: address, "/invoke/lasting", perSecond: 100)
            async let running = load.run()
            defer { load.stop() }
            try eventually("the load runs") { load.outcome.sent > 200 }
            load.note("the API server is stopped")
            try f2s.cluster("stop", "apiserver")
            // Elsewhere these two end when they can no longer renew their leases, and are started again. If they did
            // not end, the controllers would take the node, whose lease cannot be renewed either, for lost.
            for part in ["controller-manager", "scheduler"] { try f2s.cluster("stop", part) }
            let stopped = monotonicNanoseconds()
            pause(.seconds(10))
            // No error may be thrown before the API server runs again, because all other tests need it.
            let asked = Result { try Self.ask(address) }
            pause(.nanoseconds(max(0, 60_000_000_000 - (monotonicNanoseconds() - stopped))))
            let down = monotonicNanoseconds() - stopped
            load.note("the API server is back")
            for part in ["apiserver", "controller-manager", "scheduler"] { try f2s.cluster("start", part) }

            // Everything converges: a leader serves a new function from zero.
            let back = monotonicNanoseconds()
            let after = ClusterFunction("after").yaml
            try eventually("a function can be declared", within: .seconds(60)) {
                (try? f2s.kubectl.apply(after)) != nil
            }
            try eventually("a new function is served", within: .seconds(60)) {
                try f2s.invoke("/after").status == 200
            }
            let converged = monotonicNanoseconds() - back
            let pods = try f2s.waitUntilComplete()
            let now = try Self.identities(f2s)
            load.stop()
            let outcome = try await running
            report(
                5,
                "API server stopped for \(down.milliseconds): \(outcome.sent) requests, failed: \(outcome.summary);",
                "\(outcome.latencies); a new function is served \(converged.milliseconds) after the restart")
            #expect(outcome.failures.isEmpty)
            #expect(before == now, "the pods of functions are the same as before")
            try Self.check(try asked.get())
            try Self.checkRecovery(f2s, pods)
        }

        /// Calls a function that has no replica, and `/health`, each on its own connection.
        private static func ask(_ address: (host: String, port: Int)) throws -> Answers {
            let connect = { try HTTPConnection(host: address.host, port: address.port, silence: .seconds(60)) }
            let begun = monotonicNanoseconds()
            let cold = try connect().exchange("GET", "/invoke/cold")
            let took = monotonicNanoseconds() - begun
            return Answers(cold: cold, coldTook: took, health: try connect().exchange("GET", "/health"))
        }

        /// Checks that the response of the cold function came within two seconds, and contains the reason.
        private static func check(_ answers: Answers) throws {
            let problem = try answers.cold.json
            report(
                8, "a cold call without an API server is answered after \(answers.coldTook.milliseconds) (2 s):",
                "\(answers.cold.status) \(answers.cold.text)")
            #expect(answers.coldTook <= 2_000_000_000 * Int64(timeout))
            // Stage `scale`, as in docs/guide/errors.md.
            #expect(answers.cold.status == 502 && answers.cold["retry-after"] != nil)
            #expect(answers.cold["content-type"] == "application/problem+json")
            #expect(problem["stage"]?.text == "scale" && problem["reason"]?.text == "PlatformUnreachable")
            #expect(problem["detail"]?.text?.hasPrefix("The cluster's API server cannot be reached") == true)
            #expect(answers.health.status == 503, "\(answers.health.text)")
            #expect(try answers.health.json["detail"]?.text?.contains("API server cannot be reached") == true)
        }

        /// Checks that the cold function starts now, and that all pods are healthy.
        private static func checkRecovery(_ f2s: F2SInstallation, _ pods: [Pod]) throws {
            #expect(try f2s.invoke("/cold").status == 200)
            for pod in pods {
                let host = try #require(pod.address)
                try eventually("\(pod.name) is healthy again", within: .seconds(60)) {
                    pause(.milliseconds(100))
                    return try HTTPConnection(host: host, port: 8080).exchange("GET", "/health").status == 200
                }
            }
        }

        /// Returns the UIDs of all pods of the functions that were declared before the outage.
        private static func identities(_ f2s: F2SInstallation) throws -> Set<String> {
            Set(try (f2s.api.pods(of: "lasting") + f2s.api.pods(of: "idle")).map(\.uid))
        }
    }
}
