import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 4: the death of replicas under load.
    @Suite struct ReplicaDeath {
        @Test func `replicas killed under load are replaced and only their invocations in flight fail`() async throws {
            let executions = try Workshop.current.folder + "/executions-death.txt"
            let function = try FunctionManifest("mortal").with {
                ($0.minReplicas, $0.maxReplicas) = (3, 3)
                $0.environment = ["DELAY": "20", "EXECUTIONS": executions]
            }
            let kills = 3
            let connections = 12
            try await F2SServer.serve([function]) { f2s in
                let load = Load(on: f2s, "/invoke/mortal", connections: connections)
                try eventually("three replicas are ready") { try f2s.readyReplicas(of: "mortal") == 3 }
                async let running = load.run()
                do { try Self.endReplicas(kills, f2s, load) } catch {
                    load.stop()
                    _ = try await running
                    throw error
                }
                load.stop()
                let outcomes = try await running
                let counts = Executions(file: executions).counts
                let failed = outcomes.failed
                let retried = Int(try f2s.metric("f2s_requests_retried_total"))
                let twice = outcomes.filter { !$0.isPost && counts[$0.number, default: 0] > 1 }.count
                report(
                    4, "\(kills) replicas killed under \(outcomes.count) requests;",
                    "not answered: \(outcomes.endings); retried \(retried), of these executed twice \(twice) (GET only)"
                )
                let allowed = Load.Outcome.Ending.problem(status: 502, stage: "function")
                #expect(failed.filter { $0.ending != allowed }.isEmpty)
                #expect(failed.count <= kills * connections, "only what was in flight may fail")
                #expect(outcomes.filter { $0.isPost && counts[$0.number, default: 0] > 1 }.isEmpty)
                #expect(twice <= retried)
            }
        }

        private static func endReplicas(_ kills: Int, _ f2s: F2SServer, _ load: Load) throws {
            for _ in 0..<kills {
                let seen = load.count
                try eventually("the load goes on") { load.count > seen + 200 }
                let victim = pid_t(load.pid)
                try #require(victim > 1)
                try #require(f2s.descendants.contains { $0.id == victim })
                kill(victim, SIGKILL)
                try eventually("the replica is replaced", within: .seconds(30)) {
                    let gone = !f2s.descendants.contains { $0.id == victim }
                    return try gone && f2s.readyReplicas(of: "mortal") == 3
                }
            }
        }

        @Test func `after the death of a replica, queued invocations succeed and the one in flight gets 502`()
            async throws
        {
            let executions = try Workshop.current.folder + "/executions-cut.txt"
            let function = try FunctionManifest("alone").with {
                $0.concurrency = 1
                $0.maxReplicas = 1
                $0.environment = ["EXECUTIONS": executions]
            }
            try await F2SServer.serve([function]) { f2s in
                try eventually("alone answers") { try f2s.get("/invoke/alone").status == 200 }
                let cut = try f2s.connect()
                try cut.send("POST", "/invoke/alone?delay=20000", [("X-Call", "1")], body: [])
                try eventually("it is executed") { Executions(file: executions).counts[1] == 1 }
                async let waiting = atOnce(5) { number in
                    try f2s.exchange("POST", "/invoke/alone", [("X-Call", "\(number + 2)")], body: [])
                }
                try eventually("five wait") {
                    try f2s.get("/dispatcher").json["functions"]?["alone"]?["queued"]?.number == 5
                }
                let victim = try f2s.replicaProcess(of: "alone")
                kill(victim, SIGKILL)
                let answer = try cut.answer(to: "POST")
                #expect(answer.status == 502)
                #expect(answer["content-type"] == "application/problem+json")
                #expect(try answer.json["stage"]?.text == "function")
                #expect(try answer.json["detail"]?.text?.contains("`f2s describe`") == true)
                try eventually("describe shows how it ended") {
                    try Command(["describe", "alone"], server: f2s).text.contains("ended with exit status 137")
                }
                let others = try await waiting
                #expect(
                    others.filter { $0.status != 200 }.map(\.text) == [],
                    "the next replica serves the invocations that were not sent yet")
                #expect(others.allSatisfy { $0["x-pid"] != "\(victim)" })
                let counts = Executions(file: executions).counts
                #expect((1...6).map { counts[$0] } == [1, 1, 1, 1, 1, 1], "each is executed exactly once")
                report(
                    4,
                    "cut in the middle: \(answer.status) stage function; 5 of 5 queued invocations were answered")
            }
        }

        @Test func `an incomplete response of a replica is incomplete for the caller too`() async throws {
            try await F2SServer.serve([try FunctionManifest("alone")]) { f2s in
                try eventually("alone answers") { try f2s.get("/invoke/alone").status == 200 }
                let connection = try f2s.connect()
                try connection.send("GET", "/invoke/alone/cut")
                #expect(try connection.head().status == 200)
                #expect(try connection.some(upTo: 5).count > 0)
                kill(try f2s.replicaProcess(of: "alone"), SIGKILL)
                #expect(throws: HTTPConnection.Failure.closedWithinAnswer) { try connection.skip(1000) }
                try eventually("alone answers again") { try f2s.get("/invoke/alone").status == 200 }
            }
        }
    }
}

extension F2SServer {
    /// Returns the process of a function with one replica.
    fileprivate func replicaProcess(of function: String) throws -> pid_t {
        let replicas = try get("/functions/\(function)/why").json["replicas"]?.list
        let process = pid_t(try #require(replicas?.first?["processID"]?.number))
        try #require(descendants.contains { $0.id == process }, "the test kills only descendants of f2s")
        return process
    }
}
