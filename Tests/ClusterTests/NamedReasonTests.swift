import ProcessSupport
import Testing

extension ClusterSerial {
    /// What users saw nothing of: pods that run and never get ready, states that could not be trusted, one crash.
    @Suite struct NamedReasons {
        private static func condition(
            _ type: String, of name: String, _ f2s: F2SInstallation
        ) throws -> (String, String)? {
            let path = "/apis/f2s.opensight.ch/v1alpha1/namespaces/f2s/functions/\(name)"
            let conditions = try f2s.api.find(path)?["status"]?["conditions"]?.list ?? []
            return conditions.first { $0["type"]?.text == type }.map {
                ($0["status"]?.text ?? "", $0["reason"]?.text ?? "")
            }
        }

        @Test func `a pod that runs and never listens is named, to its caller and in the status`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("deaf") }
            // It listens much later than anybody waits.
            try f2s.declare(ClusterFunction("deaf") { $0.environment = ["START_MS": "600000"] })
            async let answer = f2s.invoke("/deaf")
            try eventually("a pod runs", within: .seconds(60)) {
                pause(.milliseconds(50))
                return try f2s.api.pods(of: "deaf").contains { $0.address != nil }
            }
            let begun = monotonicNanoseconds()
            try eventually("the status names it", within: .seconds(10 * patience)) {
                pause(.milliseconds(50))
                return try Self.condition("StartFailed", of: "deaf", f2s)?.1 == "NeverListened"
            }
            report(1, "NeverListened \((monotonicNanoseconds() - begun).milliseconds) after the pod ran (10 s)")
            #expect(try Self.condition("Ready", of: "deaf", f2s)?.0 == "False")
            let late = try await answer
            #expect(late.status == 504 && late.text.contains("NeverListened"), "\(late.text)")
        }

        @Test func `a replica that is killed for its memory is named to its callers and in the log`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("hungry") }
            try f2s.declare(ClusterFunction("hungry") { ($0.minReplicas, $0.memory) = (1, "32Mi") })
            try f2s.wait(for: "hungry", ready: 1)
            var kills = 0
            // The first time it is started again at once; then the kubelet waits, and so do its callers.
            let answer = try eventually("a caller hears why", within: .seconds(90)) { () -> HTTPAnswer? in
                kills += 1
                let answer = try f2s.invoke("/hungry/eat?mb=128")
                return answer.text.contains("OOMKilled") ? answer : nil
            }
            report(0, "named OOMKilled to a caller after \(kills) calls: \(answer.status) \(answer.text.prefix(300))")
            #expect(answer.status >= 500 && answer.text.contains("target.resources.memory"))
            let logs = try f2s.api.ownPods().map {
                try f2s.kubectl.run(["logs", "--namespace=f2s", $0.name])
            }
            #expect(logs.contains { log in log.split(separator: "\n").contains { $0.contains("OOMKilled") } })
        }

        @Test func `Ready waits for the declared revision, and kubectl describe tells what happened`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("trusted") }
            try f2s.declare(ClusterFunction("trusted") { $0.minReplicas = 1 })
            try f2s.kubectl(
                "wait", "--namespace=f2s", "f2sfn/trusted", "--for=condition=Ready", "--timeout=90s",
                within: .seconds(95))
            #expect(try f2s.invoke("/trusted").status == 200)
            // A revision that cannot start: the one before it serves, and nobody is told that the new one does.
            try f2s.kubectl.apply(
                ClusterFunction("trusted") { ($0.minReplicas, $0.environment) = (1, ["EXIT": "3"]) }.yaml)
            try eventually("the rollout has failed", within: .seconds(60)) {
                pause(.milliseconds(100))
                return try Self.condition("RolloutFailed", of: "trusted", f2s)?.0 == "True"
            }
            let ready = try #require(try Self.condition("Ready", of: "trusted", f2s))
            #expect(ready == ("False", "RolloutFailed"))
            #expect(try f2s.invoke("/trusted").status == 200)
            try f2s.kubectl.apply(
                ClusterFunction("trusted") { ($0.minReplicas, $0.environment) = (1, ["A": "1"]) }.yaml)
            try f2s.kubectl(
                "wait", "--namespace=f2s", "f2sfn/trusted", "--for=condition=Ready", "--timeout=90s",
                within: .seconds(95))
            // The rollout is over when the pod before is gone, which the kubelet may notice a minute late.
            try eventually("the events are there", within: .seconds(120)) {
                pause(.milliseconds(200))
                let text = try f2s.kubectl.run(["describe", "--namespace=f2s", "f2sfn/trusted"])
                return ["RollingOut", "RolloutFailed", "RolledOut"].allSatisfy { text.contains($0) }
            }
        }

        @Test func `both pods say the same of why and of events`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("alike") }
            try f2s.declare(ClusterFunction("alike") { $0.minReplicas = 1 })
            try f2s.wait(for: "alike", ready: 1)
            for pod in try f2s.waitUntilComplete() {
                let host = try #require(pod.address)
                try eventually("\(pod.name) knows why", within: .seconds(10)) {
                    pause(.milliseconds(100))
                    let get = { (target: String) in
                        let connection = try HTTPConnection(host: host, port: 8083)
                        return try connection.exchange("GET", target, [("Accept", "application/json")])
                    }
                    let why = try get("/functions/alike/why")
                    return try why.json["scale"]?["reason"]?.text == "Minimum"
                        && get("/events").text.contains("\"alike\"")
                }
            }
        }

        @Test func `one crash of the only replica makes callers wait, and fails those that it had`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("mortal") }
            try f2s.declare(ClusterFunction("mortal") { $0.minReplicas = 1 })
            try f2s.wait(for: "mortal", ready: 1)
            let load = PacedLoad(on: try f2s.address, "/invoke/mortal", perSecond: 50, connections: 8)
            async let running = load.run()
            defer { load.stop() }
            pause(.seconds(2))
            load.note("a crash")
            _ = try? f2s.invoke("/mortal/exit?code=3")
            try eventually("it serves again", within: .seconds(60)) { try f2s.invoke("/mortal").status == 200 }
            pause(.seconds(3))
            load.stop()
            let outcome = try await running
            report(6, "one crash: \(outcome.sent) requests, failed: \(outcome.summary)")
            // What was on the replica at that moment is lost: at most one invocation of each connection.
            #expect(outcome.failures.count <= 8)
        }
    }
}
