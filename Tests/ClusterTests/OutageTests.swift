import ProcessSupport
import Testing

extension ClusterSerial {
    /// Must hold 5.
    @Suite(.enabled(if: ClusterEnvironment.isOurs, "only on a cluster of our own may the API server be stopped"))
    struct Outage {
        /// The answers of F2S while there was no API server.
        private struct Answers: Sendable {
            /// Of a function without replicas.
            let cold: HTTPAnswer
            /// Nanoseconds that this answer took.
            let coldTook: Int64
            /// Of `/health`.
            let health: HTTPAnswer
        }

        @Test func `a minute without an API server costs no request and no replica, and cold calls hear why`()
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
            load.note("there is no API server")
            try f2s.cluster("stop", "apiserver")
            let stopped = monotonicNanoseconds()
            pause(.seconds(10))
            // Nothing may be thrown before the API server is back: all other tests need it.
            let asked = Result { try Self.ask(address) }
            pause(.nanoseconds(max(0, 60_000_000_000 - (monotonicNanoseconds() - stopped))))
            let down = monotonicNanoseconds() - stopped
            load.note("the API server is back")
            try f2s.cluster("start", "apiserver")

            // Everything converges: what is declared now is served from zero, by a leader.
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
                "API server away for \(down.milliseconds): \(outcome.sent) requests, failed: \(outcome.summary);",
                "\(outcome.latencies); a new function is served \(converged.milliseconds) after it is back")
            #expect(outcome.failures.isEmpty)
            #expect(before == now, "the pods of functions are those of before")
            try Self.check(try asked.get())
            try Self.checkRecovery(f2s, pods)
        }

        /// Calls a function that has no replica, and asks for `/health`, each on a connection of its own.
        private static func ask(_ address: (host: String, port: Int)) throws -> Answers {
            let connect = { try HTTPConnection(host: address.host, port: address.port, silence: .seconds(60)) }
            let begun = monotonicNanoseconds()
            let cold = try connect().exchange("GET", "/invoke/cold")
            let took = monotonicNanoseconds() - begun
            return Answers(cold: cold, coldTook: took, health: try connect().exchange("GET", "/health"))
        }

        /// A caller of a cold function hears within two seconds that nothing can be started, and why.
        private static func check(_ answers: Answers) throws {
            let problem = try answers.cold.json
            report(
                8, "a cold call without an API server is answered after \(answers.coldTook.milliseconds) (2 s):",
                "\(answers.cold.status) \(answers.cold.text)")
            #expect(answers.coldTook <= 2_000_000_000 * Int64(patience))
            // Stage scale, as docs/guide/errors.md has it.
            #expect(answers.cold.status == 502 && answers.cold["retry-after"] != nil)
            #expect(answers.cold["content-type"] == "application/problem+json")
            #expect(problem["stage"]?.text == "scale" && problem["reason"]?.text == "PlatformUnreachable")
            #expect(problem["detail"]?.text?.hasPrefix("The cluster's API server cannot be reached") == true)
            #expect(answers.health.status == 503, "\(answers.health.text)")
            #expect(try answers.health.json["detail"]?.text?.contains("API server cannot be reached") == true)
        }

        /// Checks that the cold function starts now, and that every pod says that all is well.
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

        /// Every pod of the functions that were there, by identity.
        private static func identities(_ f2s: F2SInstallation) throws -> Set<String> {
            Set(try (f2s.api.pods(of: "lasting") + f2s.api.pods(of: "idle")).map(\.uid))
        }
    }
}
