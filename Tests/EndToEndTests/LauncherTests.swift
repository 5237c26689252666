import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The launcher, which starts and ends replicas, and the behaviour when it or f2s is killed or stopped.
    @Suite struct Launcher {
        /// Returns a function with two processes `sleep mark`, each in its own session. Either one of them has an empty
        /// environment, or both have changed the resource limit by which F2S recognises them.
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

        /// Returns the processes `sleep mark`.
        private func sleepers(_ mark: String) -> [ProcessTable.Entry] {
            ProcessTable.all().filter { entry in
                let words = (try? Files.read("/proc/\(entry.id)/cmdline"))?.split(separator: "\0")
                return words?.count == 2 && words?.last == mark[...]
            }
        }

        /// Serves the function, and calls `body` when it has responded and both processes run.
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
        func `a killed launcher leaves no process behind, and f2s starts another launcher`(
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
                // Now f2s is killed first, and the new launcher ends the processes.
                let rest = f2s.family
                f2s.process.send(signal: SIGKILL)
                #expect(try f2s.process.waitForEnd(within: .seconds(5)) == 128 + Int(SIGKILL))
                try eventually("nothing is left") {
                    ProcessTable.running(rest).isEmpty && self.sleepers(mark).isEmpty
                }
            }
        }

        /// Detached processes of a function end with the launcher or with f2s. If both are killed at once, only the
        /// commands end.
        @Test(arguments: [true, false])
        func `every command ends if f2s and the launcher are killed at the same time`(isLauncherFirst: Bool)
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

        @Test func `a stopped launcher still ends every process when f2s is killed`() async throws {
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

        @Test func `a function that stops the launcher does not block other functions`() async throws {
            let script = "kill -STOP $PPID; exec \"$0\""
            let rebel = FunctionManifest("rebel", command: ["sh", "-c", script, try Workshop.current.function])
            try await F2SServer.serve([rebel, try FunctionManifest("steady")]) { f2s in
                #expect(try f2s.get("/invoke/rebel").status == 200)
                #expect(try f2s.get("/invoke/steady").status == 200)
                try eventually("both are back at zero") { f2s.descendants.isEmpty }
            }
        }

        @Test(arguments: [1, 2, 4])
        func `200 cold functions that are called at once start once each and respond`(loops: Int) async throws {
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
                #expect(Double(count) / seconds > 400 / Double(EndToEndSerial.timeout))
                f2s.process.send(signal: SIGTERM)
                #expect(try f2s.process.waitForEnd(within: .seconds(15 * EndToEndSerial.timeout)) == 0)
            }
        }
    }
}
