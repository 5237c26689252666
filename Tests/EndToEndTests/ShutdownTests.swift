import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Requirement 8: the shutdown.
    @Suite struct Shutdown {
        @Test func `f2s killed with SIGKILL leaves no process behind`() async throws {
            let functions = try ["serve", "daemon"].map { mode in
                try FunctionManifest(mode, mode: [mode]).with { ($0.minReplicas, $0.maxReplicas) = (3, 3) }
            }
            try await F2SServer.serve(functions) { f2s in
                try eventually("six replicas are ready") {
                    try f2s.readyReplicas(of: "serve") == 3 && f2s.readyReplicas(of: "daemon") == 3
                }
                // The launcher, six replicas, and three grandchildren in their own sessions.
                let family = try eventually("the family is complete") {
                    let family = f2s.family
                    return family.count >= 10 ? family : nil
                }
                let begun = monotonicNanoseconds()
                f2s.process.send(signal: SIGKILL)
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left", within: .seconds(2 * EndToEndSerial.timeout)) {
                    ProcessTable.running(family).isEmpty
                }
                let time = (monotonicNanoseconds() - begun).milliseconds
                report(8, "SIGKILL: \(family.count) descendants, none left after \(time)")
            }
        }

        @Test func `after SIGTERM all invocations in flight and queued finish, and f2s exits with 0`() async throws {
            let function = try FunctionManifest("steady", mode: ["daemon"]).with {
                $0.concurrency = 2
                $0.maxReplicas = 2
            }
            let settings = "f2s:\n  limits:\n    drain_timeout: 15000\n"
            try await F2SServer.serve([function], settings: settings) { f2s in
                try eventually("steady answers") { try f2s.get("/invoke/steady").status == 200 }
                async let answers = atOnce(8) { number in
                    try f2s.exchange("POST", "/invoke/steady?delay=800", [("X-Call", "\(number)")], body: [])
                }
                try eventually("all are in flight or queued") {
                    let load = try f2s.get("/dispatcher").json["functions"]?["steady"]
                    return (load?["inFlight"]?.number ?? 0) + (load?["queued"]?.number ?? 0) == 8
                }
                let family = f2s.family
                let begun = ContinuousClock.now
                f2s.process.send(signal: SIGTERM)
                let status = try f2s.process.waitForEnd(within: .seconds(15 * EndToEndSerial.timeout))
                let time = ContinuousClock.now - begun
                let statuses = try await answers.map(\.status)
                report(8, "SIGTERM with 8 invocations: answered \(statuses), exit status \(status) after \(time)")
                #expect(statuses == [200, 200, 200, 200, 200, 200, 200, 200])
                #expect(status == 0)
                #expect(time < .seconds(15))
                #expect(ProcessTable.running(family).isEmpty, "no child is left at the end of f2s")
                #expect(Files.names(in: f2s.temporaryFolder).isEmpty, "the API server's socket is gone")
            }
        }

        @Test func `after SIGTERM f2s serves for the shutdown delay and closes client connections`() async throws {
            let settings = "f2s:\n  shutdown_delay: 3000\n"
            try await F2SServer.serve([try FunctionManifest("steady")], settings: settings) { f2s in
                try eventually("steady answers") { try f2s.get("/invoke/steady").status == 200 }
                #expect(try f2s.get("/invoke/steady")["connection"] != "close")
                let begun = ContinuousClock.now
                f2s.process.send(signal: SIGTERM)
                try eventually("it is not ready") {
                    try HTTPConnection(port: f2s.operationsPort).exchange("GET", "/ready").status == 503
                }
                // New connections are accepted, and each is closed after one request.
                for _ in 0..<20 {
                    let answer = try f2s.get("/invoke/steady")
                    #expect(answer.status == 200)
                    #expect(answer["connection"] == "close")
                }
                let answered = ContinuousClock.now - begun
                let status = try f2s.process.waitForEnd(within: .seconds(10 * EndToEndSerial.timeout))
                let time = ContinuousClock.now - begun
                report(8, "SIGTERM with a delay of 3 s: served for \(answered), exit status \(status) after \(time)")
                #expect(status == 0)
                #expect(time >= .seconds(3))
            }
        }

        @Test func `after SIGTERM an endless invocation is cut, and f2s exits after the drain timeout`() async throws {
            let settings = "f2s:\n  limits:\n    drain_timeout: 1000\n"
            try await F2SServer.serve([try FunctionManifest("endless")], settings: settings) { f2s in
                try eventually("endless answers") { try f2s.get("/invoke/endless").status == 200 }
                let reader = try f2s.connect()
                try reader.send("GET", "/invoke/endless/stream")
                _ = try reader.head()
                let family = f2s.family
                let begun = ContinuousClock.now
                f2s.process.send(signal: SIGTERM)
                let status = try f2s.process.waitForEnd(within: .seconds(10 * EndToEndSerial.timeout))
                report(8, "SIGTERM under an endless stream: exit status \(status) after \(ContinuousClock.now - begun)")
                #expect(status == 0)
                #expect(ProcessTable.running(family).isEmpty)
            }
        }
    }
}
