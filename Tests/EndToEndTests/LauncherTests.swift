import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The process that starts and ends replicas, and what happens when it or f2s is killed or stopped.
    @Suite struct Launcher {
        /// A function with two processes in sessions of their own: `sleep mark`. The environment of one is empty; or
        /// both have changed the limit by which F2S knows them.
        private func function(_ mark: String, keepsLimit: Bool) throws -> FunctionManifest {
            let detached =
                keepsLimit
                ? "setsid env -i /bin/sleep \(mark) & (setsid sleep \(mark) &)"
                : "ulimit -S -R 200000; setsid sleep \(mark) & (setsid sleep \(mark) &)"
            let script = detached + "; exec \"$0\""
            return FunctionManifest("family", command: ["bash", "-c", script, try Workshop.current.function]).with {
                $0.idle = "600s"
            }
        }

        private func newMark() -> String { "1\(UInt32.random(in: 100_000...999_999))" }

        /// The processes of that mark.
        private func sleepers(_ mark: String) -> [ProcessTable.Entry] {
            ProcessTable.all().filter { entry in
                let words = (try? Files.read("/proc/\(entry.id)/cmdline"))?.split(separator: "\0")
                return words?.count == 2 && words?.last == mark[...]
            }
        }

        /// Serves the function until it has answered and its family is complete.
        private func serve(
            keepsLimit: Bool = true, _ body: (F2SServer, _ mark: String) async throws -> Void
        ) async throws {
            let mark = newMark()
            try await F2SServer.serve([try function(mark, keepsLimit: keepsLimit)]) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/family").status == 200 }
                try eventually("its family is complete") { sleepers(mark).count == 2 }
                try await body(f2s, mark)
            }
        }

        @Test(arguments: [true, false])
        func `a killed launcher leaves nothing behind, and f2s goes on with another one`(
            keepsLimit: Bool
        ) async throws {
            try await serve(keepsLimit: keepsLimit) { f2s, mark in
                let first = try f2s.launcher()
                let family = f2s.descendants
                let (old, sleepers) = (family.map(\.id), Set(sleepers(mark)))
                kill(first, SIGKILL)
                try eventually("it is replaced") { try f2s.launcher() != first }
                try eventually("what it had started is gone") {
                    ProcessTable.running(family).isEmpty && self.sleepers(mark).allSatisfy { !sleepers.contains($0) }
                }
                try eventually("it answers again") { try f2s.get("/invoke/family").status == 200 }
                #expect(f2s.descendants.allSatisfy { !old.contains($0.id) })
                let zombies = f2s.family.count { $0.isZombie }
                #expect(zombies == 0)
                #expect(f2s.log.contains("The launcher was ended"))
                // In the other order the new one sees to it.
                let rest = f2s.family
                f2s.process.send(signal: SIGKILL)
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left") {
                    ProcessTable.running(rest).isEmpty && self.sleepers(mark).isEmpty
                }
            }
        }

        /// What a function has detached dies with the launcher or with f2s, but only the command with both.
        @Test(arguments: [true, false])
        func `f2s and the launcher killed at the same moment take every command along`(isLauncherFirst: Bool)
            async throws
        {
            let function = try FunctionManifest("steady").with { ($0.minReplicas, $0.maxReplicas) = (3, 3) }
            try await F2SServer.serve([function]) { f2s in
                try eventually("three are ready") { try f2s.readyReplicas(of: "steady") == 3 }
                let family = f2s.family
                let launcher = try f2s.launcher()
                for process in isLauncherFirst ? [launcher, f2s.process.id] : [f2s.process.id, launcher] {
                    kill(process, SIGKILL)
                }
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left") { ProcessTable.running(family).isEmpty }
            }
        }

        @Test func `a launcher that was stopped when f2s was killed ends everything all the same`() async throws {
            try await serve { f2s, mark in
                let family = f2s.family
                kill(try f2s.launcher(), SIGSTOP)
                f2s.process.send(signal: SIGKILL)
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left") {
                    ProcessTable.running(family).isEmpty && self.sleepers(mark).isEmpty
                }
            }
        }

        @Test func `a function that stops the launcher holds up no other one`() async throws {
            let script = "kill -STOP $PPID; exec \"$0\""
            let rebel = FunctionManifest("rebel", command: ["sh", "-c", script, try Workshop.current.function])
            try await F2SServer.serve([rebel, try FunctionManifest("steady")]) { f2s in
                #expect(try f2s.get("/invoke/rebel").status == 200)
                #expect(try f2s.get("/invoke/steady").status == 200)
                try eventually("both are back at zero") { f2s.descendants.isEmpty }
            }
        }

        @Test(arguments: [1, 2, 4])
        func `200 cold functions called at once are started once each and answer`(loops: Int) async throws {
            let count = 200
            let functions = try (0..<count).map { number in
                try FunctionManifest("cold-\(number)").with { $0.idle = "600s" }
            }
            try await F2SServer.serve(functions, settings: "f2s: {loops: \(loops)}") { f2s in
                try eventually("all are declared") { try f2s.get("/cluster").json["functions"]?.number == count }
                let connections = try (0..<count).map { _ in try f2s.connect() }
                let begun = monotonicNanoseconds()
                for (number, connection) in connections.enumerated() {
                    try connection.send("GET", "/invoke/cold-\(number)")
                }
                let answers = try connections.map { try $0.answer(to: "GET") }
                let seconds = Double(monotonicNanoseconds() - begun) / 1e9
                report(
                    3, "\(loops) loops: \(count) cold functions at once in \(seconds) s,",
                    "\(Int(Double(count) / seconds)) starts per second (bar 400)")
                #expect(answers.allSatisfy { $0.status == 200 })
                #expect(Set(answers.compactMap { $0["x-pid"] }).count == count)
                #expect(f2s.descendants.count == count, "one process each")
                #expect(Double(count) / seconds > 400 / Double(EndToEndSerial.patience))
                f2s.process.send(signal: SIGTERM)
                #expect(try f2s.process.waitForEnd(within: .seconds(15 * EndToEndSerial.patience)) == 0)
            }
        }
    }
}
