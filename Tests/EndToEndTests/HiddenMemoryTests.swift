import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Functions run as the same user as F2S, and the environment of F2S may contain secrets.
    @Suite struct HiddenMemory {
        /// Root reads every process, so F2S has to run as another user.
        private static let mayChangeUser = geteuid() == 0
        /// The id of Debian's unprivileged user and group.
        private static let nobody: uid_t = 65_534

        /// A function that reads a process id from the request and returns the environment and the memory of that
        /// process, or the error.
        private static let script =
            #"read id; cat "/proc/$id/environ" "/proc/$id/mem" 2>&1 | tr '\0' '\n'"#

        /// Runs f2s as the unprivileged user, with the function `spy` and a secret in its environment.
        private func serve(
            _ options: [String], secret: String, _ body: (F2SServer) async throws -> Void
        ) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let (folder, program) = (home.path + "/functions", home.path + "/f2s")
            // The unprivileged user may have no access to the release build. It is large, so it is linked if possible.
            let copying = try ChildProcess([
                "sh", "-c", "cp --dereference --link \"$0\" \"$1\" 2>/dev/null || cp \"$0\" \"$1\"",
                Workshop.current.f2s, program,
            ])
            defer { copying.end() }
            try #require(try copying.waitForEnd(within: .seconds(60)) == 0)
            let command = ["f2s", "wrap", "--", "/bin/sh", "-c", Self.script]
            let function = FunctionManifest("spy", command: command).with { $0.idle = "600s" }
            try Files.makeFolder(folder)
            try Files.write(function.yaml, to: folder + "/spy.yaml")
            // The program keeps its owner, because it may be a hard link to the release build.
            for path in [home.path, folder, folder + "/spy.yaml"] {
                try #require(chown(path, Self.nobody, Self.nobody) == 0, "\(path)")
            }
            // Each of these programs executes the next one in the same process.
            let start = [
                "env", "--chdir=\(home.path)", "setpriv", "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)",
                "--clear-groups", program,
            ]
            try await F2SServer.serve(
                folder: folder, home: home.path, options: options, environment: ["DATABASE_PASSWORD=\(secret)"],
                program: start, body)
        }

        private func words(of process: pid_t) -> [Substring] {
            ((try? Files.read("/proc/\(process)/cmdline")) ?? "").split(separator: "\0")
        }

        /// Returns the text that `spy` can read of a process.
        private func seen(of process: pid_t, _ f2s: F2SServer) throws -> String {
            let answer = try f2s.exchange("POST", "/invoke/spy", body: Array("\(process)\n".utf8))
            #expect(answer.status == 200, "\(answer.text)")
            return answer.text
        }

        @Test(.enabled(if: mayChangeUser), arguments: [[], ["--restart-on-crash"]] as [[String]])
        func `a function reads neither the environment nor the memory of the f2s that runs it`(
            options: [String]
        ) async throws {
            let secret = "hush-\(UInt64.random(in: 0...UInt64.max))"
            try await serve(options, secret: secret) { f2s in
                try eventually("spy answers") { try f2s.get("/invoke/spy").status == 200 }
                let family = [f2s.process.id] + f2s.descendants.map(\.id)
                let servers = family.filter { words(of: $0).contains("serve") }
                #expect(servers.count == 1 + options.count, "the process that serves, and its parent")
                for process in servers {
                    // The test runs as root and can read it.
                    #expect(try Files.read("/proc/\(process)/environ").contains(secret))
                    let text = try seen(of: process, f2s)
                    for file in ["environ", "mem"] {
                        #expect(text.contains("/proc/\(process)/\(file): Permission denied"), "\(text)")
                    }
                    #expect(!text.contains(secret))
                }
                // The launcher does not hide its memory, but F2S passes it no environment.
                let textOfLauncher = try seen(of: f2s.launcher(), f2s)
                #expect(!textOfLauncher.contains(secret))
                // The function can read the environment of a process that does not hide it: its own.
                let replica = try #require(family.first { words(of: $0).contains("wrap") })
                let own = try seen(of: replica, f2s)
                #expect(own.contains("F2S_FUNCTION=spy"), "\(own)")
                #expect(!own.contains(secret))
            }
        }
    }
}
