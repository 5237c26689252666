import Glibc
import ProcessSupport
import Synchronization
import Testing

extension EndToEndSerial {
    /// `--restart-on-crash`: after a crash of the serving process, callers wait instead of being refused.
    @Suite struct Crash {
        /// The outcomes of the requests of all clients.
        private struct Tally: Sendable {
            var answered = 0
            /// Failed requests that began before a crash, on the process that died.
            var lost = 0
            /// Failed requests that began after a crash, by error.
            var failed: [String: Int] = [:]
            var longest: Int64 = 0
        }

        /// Returns the serving child process, as soon as it is none of the given ones.
        private static func serving(_ f2s: F2SServer, besides victims: Set<pid_t> = []) throws -> pid_t {
            try eventually("a process serves") {
                ProcessTable.descendants(of: f2s.process.id).first {
                    $0.parent == f2s.process.id && !$0.isZombie && !victims.contains($0.id)
                }?.id
            }
        }

        @Test(arguments: [1, 2, 4])
        func `connections that are made during a restart are served and none is refused`(
            loops: Int
        ) async throws {
            let function = try FunctionManifest("steady").with { $0.minReplicas = 1 }
            try await F2SServer.serve(
                [function], settings: "f2s: {loops: \(loops)}", options: ["--restart-on-crash"]
            ) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/steady").status == 200 }
                let tally = Mutex(Tally())
                let crashedAt = Mutex(Int64.max)
                let isOver = Flag()
                async let clients: [Void] = atOnce(4) { _ in
                    while !isOver.isRaised {
                        let begun = monotonicNanoseconds()
                        let outcome = Self.ask(f2s)
                        let ended = monotonicNanoseconds()
                        let isLater = begun > crashedAt.withLock { $0 }
                        tally.withLock { tally in
                            switch outcome {
                            case nil:
                                tally.answered += 1
                                tally.longest = max(tally.longest, ended - begun)
                            case let reason? where isLater: tally.failed[reason, default: 0] += 1
                            default: tally.lost += 1
                            }
                        }
                        pause(.milliseconds(5))
                    }
                }
                defer { isOver.raise() }
                try eventually("the load runs") { tally.withLock { $0.answered } > 50 }
                for _ in 0..<2 {
                    let victim = try Self.serving(f2s)
                    kill(victim, SIGKILL)
                    try eventually("it is dead") { ProcessTable.entry(victim).map(\.isZombie) ?? true }
                    crashedAt.withLock { $0 = min($0, monotonicNanoseconds()) }
                    let before = tally.withLock { $0.answered }
                    try eventually("it answers again", within: .seconds(30)) {
                        tally.withLock { $0.answered } > before + 20
                    }
                    // A request between two crashes is on a process that lives until the next crash.
                    crashedAt.withLock { $0 = Int64.max }
                }
                isOver.raise()
                _ = try await clients
                let found = tally.withLock { $0 }
                report(
                    7, "\(loops) loops, killed twice: \(found.answered) answered, the longest after",
                    "\(found.longest.milliseconds); \(found.lost) were on a process that died; failed: \(found.failed)")
                #expect(found.failed.isEmpty)
                #expect(found.lost <= 2 * 4, "one per client and crash")
                #expect(f2s.log.contains("died by signal 9"))
            }
        }

        /// Sends one request and returns its error, or `nil` if the function has responded.
        private static func ask(_ f2s: F2SServer) -> String? {
            do {
                let answer = try f2s.get("/invoke/steady")
                return answer.status == 200 ? nil : "\(answer.status) \(answer.text.prefix(200))"
            } catch { return "\(error)" }
        }

        @Test func `the console keeps its port over a crash`() async throws {
            let options = ["--restart-on-crash", "--console", "127.0.0.1:0"]
            try await F2SServer.serve([], options: options) { f2s in
                let port = try f2s.announcedPort(after: "Console at http://127.0.0.1:")
                #expect(port != f2s.port)
                let victim = try Self.serving(f2s)
                for isRestarted in [false, true] {
                    if isRestarted {
                        kill(victim, SIGKILL)
                        _ = try Self.serving(f2s, besides: [victim])
                    }
                    let answer = try HTTPConnection(port: port).exchange("GET", "/invoke/steady")
                    #expect(answer.status == 404)
                    #expect(answer.text.contains("The console does not serve functions"), "\(answer.text)")
                }
            }
        }

        @Test func `SIGTERM to the parent drains the child, and both end with exit status 0`() async throws {
            let function = try FunctionManifest("steady")
            try await F2SServer.serve([function], options: ["--restart-on-crash"]) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/steady").status == 200 }
                let family = f2s.family
                async let answer = atOnce(1) { _ in try f2s.get("/invoke/steady?delay=500") }
                try eventually("it is in flight") {
                    (try f2s.get("/dispatcher").json["functions"]?["steady"]?["inFlight"]?.number ?? 0) == 1
                }
                f2s.process.send(signal: SIGTERM)
                #expect(try f2s.process.waitForEnd(within: .seconds(30)) == 0)
                #expect(try await answer.map(\.status) == [200])
                #expect(ProcessTable.running(family).isEmpty)
            }
        }

        @Test func `a process that dies repeatedly ends the parent`() async throws {
            try await F2SServer.serve([], options: ["--restart-on-crash"]) { f2s in
                var victims: Set<pid_t> = []
                for _ in 0..<5 {
                    let victim = try Self.serving(f2s, besides: victims)
                    victims.insert(victim)
                    kill(victim, SIGKILL)
                }
                #expect(try f2s.process.waitForEnd(within: .seconds(10)) == 128 + Int(SIGKILL))
            }
        }

        @Test func `a killed parent leaves no process behind`() async throws {
            let function = try FunctionManifest("steady").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], options: ["--restart-on-crash"]) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/steady").status == 200 }
                let family = f2s.family
                f2s.process.send(signal: SIGKILL)
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left") { ProcessTable.running(family).isEmpty }
            }
        }
    }
}
