import ProcessSupport
import Testing

extension ClusterSerial {
    /// Reasons that the caller and the status must contain: pods that run but never become ready, failed rollouts, and
    /// crashes.
    @Suite struct NamedReasons {
        private static func conditions(of name: String, _ f2s: F2SInstallation) throws -> [JSONValue] {
            try f2s.api.find("\(ClusterAPI.functions)/\(name)")?["status"]?["conditions"]?.list ?? []
        }

        private static func condition(
            _ type: String, of name: String, _ f2s: F2SInstallation
        ) throws -> (String, String)? {
            try conditions(of: name, f2s).first { $0["type"]?.text == type }.map {
                ($0["status"]?.text ?? "", $0["reason"]?.text ?? "")
            }
        }

        /// A function whose pod runs but accepts no invocations.
        private struct Unready: Sendable {
            let name: String
            let reason: String
            /// Parts of the message: the failure and the remedy.
            let parts: [String]
            let change: @Sendable (inout ClusterFunction) -> Void

            var function: ClusterFunction { ClusterFunction(name, change) }
        }

        private static let unready = [
            // It listens much later than the start timeout of any caller.
            Unready(name: "deaf", reason: "NeverListened", parts: ["port 8080", "target.port must name the port"]) {
                $0.environment = ["START_MS": "600000"]
            },
            Unready(
                name: "elsewhere", reason: "NeverListened",
                parts: ["did not accept connections on port 8080", "It listens on port 5000: set target.port to that"]
            ) { $0.environment = ["PORT": "5000"] },
            Unready(
                name: "unready", reason: "NeverReady",
                parts: ["GET /never is answered with 503", "Correct target.readinessProbe.path"]
            ) { $0.probe = "/never" },
        ]

        @Test func `callers and the status get the reason why a running pod never becomes ready`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("deaf", "elsewhere", "unready", "rolled") }
            let rolled = ClusterFunction("rolled") { ($0.minReplicas, $0.maxReplicas) = (1, 1) }
            try f2s.declare(Self.unready.map(\.function) + [rolled])
            // All checks run concurrently, because most of the time is spent waiting.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for one in Self.unready { group.addTask { try await Self.check(one, f2s) } }
                group.addTask { try await Self.checkRollout(of: "rolled", f2s) }
                try await group.waitForAll()
            }
        }

        /// Calls a function that never becomes ready, and checks the response and the status.
        private static func check(_ unready: Unready, _ f2s: F2SInstallation) async throws {
            async let answer = f2s.invoke("/\(unready.name)")
            try eventually("a pod of \(unready.name) runs", within: .seconds(60)) {
                pause(.milliseconds(100))
                return try f2s.api.pods(of: unready.name).contains { $0.address != nil }
            }
            let begun = monotonicNanoseconds()
            let message = try named(unready.reason, in: "StartFailed", of: unready.name, f2s)
            let took = monotonicNanoseconds() - begun
            report(1, "\(unready.name): \(unready.reason) \(took.milliseconds) after the pod ran (10 s)")
            #expect(try condition("Ready", of: unready.name, f2s)?.0 == "False")
            let late = try await answer
            let problem = try late.json
            #expect(late.status == 504 && problem["reason"]?.text == unready.reason, "\(late.text)")
            for part in unready.parts {
                #expect(message.contains(part), "\(message)")
                #expect(problem["detail"]?.text?.contains(part) == true, "\(late.text)")
            }
        }

        /// Declares a revision that never listens, and checks that the one before it continues to serve.
        private static func checkRollout(of name: String, _ f2s: F2SInstallation) async throws {
            try f2s.wait(for: name, ready: 1)
            let before = try #require(try f2s.api.pods(of: name).first)
            let load = PacedLoad(on: try f2s.address, "/invoke/\(name)", perSecond: 20, connections: 4)
            async let running = load.run()
            defer { load.stop() }
            try eventually("the load runs") { load.outcome.sent > 20 }
            load.note("the rollout")
            try f2s.kubectl.apply(
                ClusterFunction(name) {
                    ($0.minReplicas, $0.maxReplicas, $0.environment) = (1, 1, ["START_MS": "600000"])
                }.yaml)
            try eventually("a pod of the new revision runs", within: .seconds(60)) {
                pause(.milliseconds(100))
                return try f2s.api.pods(of: name).contains { $0.uid != before.uid && $0.address != nil }
            }
            let begun = monotonicNanoseconds()
            let message = try named("NeverListened", in: "RolloutFailed", of: name, f2s)
            let took = monotonicNanoseconds() - begun
            #expect(message.contains("the one before it still serves") && message.contains("port 8080"), "\(message)")
            let ready = try #require(try condition("Ready", of: name, f2s))
            #expect(ready == ("False", "RolloutFailed"))
            let answered = load.outcome.sent
            try eventually("the revision before it continues to serve") { load.outcome.sent > answered + 20 }
            load.stop()
            let outcome = try await running
            report(
                1, "\(name): RolloutFailed \(took.milliseconds) after the pod ran (10 s); \(outcome.sent) requests,",
                "failed: \(outcome.summary)")
            #expect(outcome.failures.isEmpty)
            #expect(Array(outcome.pods.keys) == [before.name])
        }

        /// Waits until a condition is true with this reason, and returns its message.
        private static func named(
            _ reason: String, in type: String, of name: String, _ f2s: F2SInstallation
        ) throws -> String {
            try eventually("the status of \(name) has the reason \(reason)", within: .seconds(10 * timeout)) {
                () -> String? in
                pause(.milliseconds(100))
                let found = try conditions(of: name, f2s).first { $0["type"]?.text == type }
                guard found?["status"]?.text == "True", found?["reason"]?.text == reason else { return nil }
                return found?["message"]?.text
            }
        }

        @Test func `callers and the log get the reason of a replica that was killed for its memory use`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("hungry") }
            try f2s.declare(ClusterFunction("hungry") { ($0.minReplicas, $0.memory) = (1, "32Mi") })
            try f2s.wait(for: "hungry", ready: 1)
            var kills = 0
            // The container is first restarted at once. Later the kubelet waits, and so do the callers.
            let answer = try eventually("a caller gets the reason", within: .seconds(90)) { () -> HTTPAnswer? in
                kills += 1
                let answer = try f2s.invoke("/hungry/eat?mb=128")
                return answer.text.contains("OOMKilled") ? answer : nil
            }
            report(
                0, "a caller got the reason OOMKilled after \(kills) calls: \(answer.status) \(answer.text.prefix(300))"
            )
            #expect(answer.status >= 500 && answer.text.contains("target.resources.memory"))
            let logs = try f2s.api.ownPods().map {
                try f2s.kubectl.run(["logs", "--namespace=f2s", $0.name])
            }
            #expect(logs.contains { log in log.split(separator: "\n").contains { $0.contains("OOMKilled") } })
        }

        @Test func `a missing ConfigMap is named, and the function starts once it exists`() async throws {
            let f2s = try F2SInstallation.current
            let configMap = "settings-of-lacking"
            defer {
                try? f2s.remove("lacking")
                _ = try? f2s.kubectl.run(["delete", "configmap", configMap, "--namespace=f2s-containers"])
            }
            try f2s.declare(ClusterFunction("lacking") { $0.configMap = configMap })
            let answer = try f2s.invoke("/lacking")
            #expect(answer.status == 502, "\(answer.text)")
            #expect(try answer.json["reason"]?.text == "CreateContainerConfigError")
            #expect(answer.text.contains(configMap), "\(answer.text)")
            let message = try Self.named("CreateContainerConfigError", in: "StartFailed", of: "lacking", f2s)
            #expect(message.contains(configMap), "\(message)")
            try f2s.kubectl("create", "configmap", configMap, "--namespace=f2s-containers", "--from-literal=A=b")
            try eventually("the function starts", within: .seconds(120)) {
                try f2s.invoke("/lacking").status == 200
            }
        }

        @Test func `the condition Ready refers to the declared revision, and kubectl describe shows what happened`()
            async throws
        {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("trusted") }
            try f2s.declare(ClusterFunction("trusted") { $0.minReplicas = 1 })
            // `kubectl wait` fails as long as there are no conditions yet.
            try eventually("the function has conditions") { try !Self.conditions(of: "trusted", f2s).isEmpty }
            try f2s.kubectl(
                "wait", "--namespace=f2s", "f2sfn/trusted", "--for=condition=Ready", "--timeout=90s",
                within: .seconds(95))
            #expect(try f2s.invoke("/trusted").status == 200)
            // A revision that cannot start: the one before it continues to serve, and Ready is False for the new one.
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
            // The rollout ends when the old pod is deleted, which the kubelet may notice a minute late.
            try eventually("kubectl describe shows the events", within: .seconds(120)) {
                pause(.milliseconds(200))
                let text = try f2s.kubectl.run(["describe", "--namespace=f2s", "f2sfn/trusted"])
                return ["RollingOut", "RolloutFailed", "RolledOut"].allSatisfy { text.contains($0) }
            }
        }

        @Test func `both pods give the same explanation and events`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("alike") }
            try f2s.declare(ClusterFunction("alike") { $0.minReplicas = 1 })
            try f2s.wait(for: "alike", ready: 1)
            let fields = try f2s.credentials + [("Accept", "application/json")]
            for pod in try f2s.waitUntilComplete() {
                try eventually("\(pod.name) has the explanation", within: .seconds(10)) {
                    pause(.milliseconds(100))
                    let get = { (target: String) in try pod.exchange("GET", target, port: 8083, fields) }
                    let why = try get("/functions/alike/why")
                    return try why.json["scale"]?["reason"]?.text == "Minimum"
                        && get("/events").text.contains("\"alike\"")
                }
            }
        }

        @Test
        func `one crash of the only replica delays callers, and fails only the invocations that it had in flight`()
            async throws
        {
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
            try eventually("the function serves again", within: .seconds(60)) {
                try f2s.invoke("/mortal").status == 200
            }
            pause(.seconds(3))
            load.stop()
            let outcome = try await running
            report(6, "one crash: \(outcome.sent) requests, failed: \(outcome.summary)")
            // The invocations in flight on the replica are lost: at most one per connection.
            #expect(outcome.failures.count <= 8)
        }
    }
}
