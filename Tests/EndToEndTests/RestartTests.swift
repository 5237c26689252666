import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Replicas that are replaced without a change of the declaration.
    @Suite struct Restarts {
        private func pid(_ f2s: F2SServer, _ name: String) throws -> String {
            let answer = try f2s.get("/invoke/\(name)")
            #expect(answer.status == 200)
            return answer.text
        }

        /// Restarts the function three times under load.
        /// - Returns: The processes that have responded.
        private static func restart(_ f2s: F2SServer, _ load: Load) throws -> Set<Int> {
            try eventually("it answers") { load.pid > 0 }
            var seen: Set<Int> = [load.pid]
            for _ in 0..<3 {
                let before = load.pid
                #expect(try Command(["restart", "steady"], server: f2s).text == "function steady restarted\n")
                try eventually("another process answers") { load.pid != before }
                seen.insert(load.pid)
            }
            return seen
        }

        @Test func `f2s restart replaces a replica under load and loses no request`() async throws {
            let function = try FunctionManifest("steady").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                let load = Load(on: f2s, "/invoke/steady", connections: 4)
                async let outcomes = load.run()
                var seen: Set<Int> = []
                do { seen = try Self.restart(f2s, load) } catch {
                    load.stop()
                    _ = try await outcomes
                    throw error
                }
                load.stop()
                let all = try await outcomes
                let failed = all.filter { $0.ending != .answered }
                report(2, "\(all.count) requests through 3 restarts: \(failed.count) failed")
                #expect(failed.isEmpty, "\(failed.prefix(3))")
                #expect(seen.count == 4)
            }
        }

        @Test func `a restart retries a function that could not be started`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            // The program is not in the folder of the manifest, so F2S does not detect that it is repaired.
            let program = home.path + "/program"
            try Files.write("#!/bin/sh\nexit 3\n", to: program)
            chmod(program, 0o755)
            let function = FunctionManifest("mended", command: [program])
            try Files.write(function.yaml, to: folder + "/mended.yaml")
            try await F2SServer.serve(folder: folder, home: home.path) { f2s in
                // Every attempt doubles the wait for the next one.
                try eventually("it waits for some seconds") {
                    let answer = try f2s.get("/invoke/mended")
                    return answer.status == 502 && Int(answer["retry-after"] ?? "") ?? 0 >= 4
                }
                try Files.write("#!/bin/sh\nexec '\(try Workshop.current.function)'\n", to: program)
                #expect(try Command(["restart", "mended"], server: f2s).status == 0)
                _ = try pid(f2s, "mended")
            }
        }

        @Test func `an edited program starts a rollout only if its manifest has watch`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let folder = home.path + "/functions"
            try Files.makeFolder(folder)
            for name in ["watched", "other"] {
                try Files.makeFolder("\(folder)/\(name)")
                let function = FunctionManifest(name, command: ["sh", "run.sh"]).with {
                    $0.watch = name == "watched"
                    $0.minReplicas = 1
                }
                try Files.write("exec '\(try Workshop.current.function)'\n", to: "\(folder)/\(name)/run.sh")
                try Files.write(function.yaml, to: "\(folder)/\(name)/\(name).yaml")
            }
            try await F2SServer.serve(folder: folder, home: home.path) { f2s in
                let before = (watched: try pid(f2s, "watched"), other: try pid(f2s, "other"))
                for name in ["watched", "other"] {
                    try Files.write("# 2\nexec '\(try Workshop.current.function)'\n", to: "\(folder)/\(name)/run.sh")
                }
                let begun = monotonicNanoseconds()
                try eventually("another process answers") { try pid(f2s, "watched") != before.watched }
                report(2, "from a program's edit to its answer: \((monotonicNanoseconds() - begun).milliseconds)")
                #expect(try pid(f2s, "other") == before.other)
                #expect(f2s.log.contains("Restarted: a file beside the manifest has changed (target.watch)."))
            }
        }

        @Test func `the error for a mistyped function name suggests the right one`() async throws {
            try await F2SServer.serve([try FunctionManifest("hello")]) { f2s in
                for command in ["get", "describe", "why", "logs", "invoke", "delete", "restart"] {
                    let answer = try Command([command, "helo"], server: f2s)
                    #expect(answer.status == 1, "\(command)")
                    #expect(answer.errorText.contains("Did you mean hello?"), "\(command): \(answer.errorText)")
                }
            }
        }
    }
}
