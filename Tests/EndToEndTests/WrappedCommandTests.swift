import ProcessSupport
import Testing

extension EndToEndSerial {
    /// `f2s wrap` as a function.
    @Suite struct WrappedCommand {
        @Test func `only the timeout of the function limits a wrapped command`() async throws {
            // An earlier default of 30 s ended functions with a longer timeout.
            let help = try Command(["wrap", "--help"])
            #expect(help.text.replacing("\n", with: " ").contains("(default: 24h)"), "\(help.text)")
            let command = ["f2s", "wrap", "--", "sleep", "61.25"]
            let function = FunctionManifest("wrapped", command: command).with { $0.timeout = "500ms" }
            try await F2SServer.serve([function]) { f2s in
                try eventually("it is declared") { try f2s.get("/functions/wrapped").status == 200 }
                let answer = try eventually("it runs into its timeout") {
                    let answer = try f2s.get("/invoke/wrapped")
                    return try answer.json["stage"]?.text == "function" ? answer : nil
                }
                #expect(answer.status == 504)
                try eventually("its command is killed") {
                    !f2s.descendants.contains {
                        (try? Files.read("/proc/\($0.id)/cmdline"))?.hasPrefix("sleep") ?? false
                    }
                }
            }
        }

        /// Returns a script that starts three `sleep` processes in their own sessions: one keeps the output open, one
        /// has lost its parent, one has an empty environment.
        private static func script(_ mark: String) -> String {
            "setsid sleep \(mark) & (setsid sleep \(mark) >/dev/null &) & "
                + "env -i $(command -v setsid) sleep \(mark) >/dev/null & echo done; "
        }

        @Test(arguments: [(ending: "", status: 200), (ending: "exec sleep ", status: 504)])
        func `detached processes of a wrapped command end with it and after its timeout`(
            ending: String, status: Int
        ) async throws {
            let mark = "1\(UInt32.random(in: 100_000...999_999))"
            let script = Self.script(mark) + (ending.isEmpty ? "" : ending + mark)
            let command = ["f2s", "wrap", "--timeout", "1s", "--", "sh", "-c", script]
            let function = FunctionManifest("wrapped", command: command).with { $0.idle = "60s" }
            try await F2SServer.serve([function]) { f2s in
                let answer = try eventually("it answers") {
                    let answer = try f2s.get("/invoke/wrapped")
                    return answer.status == 404 ? nil : answer
                }
                #expect(answer.status == status, "\(answer.text)")
                if status == 200 { #expect(answer.text == "done\n") }
                try eventually("nothing of it is left") { !f2s.descendants.contains { Self.runs(mark, $0) } }
                // Another run reaps the processes that have ended in the meantime.
                #expect(try f2s.get("/invoke/wrapped").status == status)
                try eventually("no zombie is left") {
                    _ = try f2s.get("/invoke/wrapped")
                    return !f2s.descendants.contains(where: \.isZombie)
                }
                #expect(!f2s.descendants.isEmpty, "the wrapping program goes on")
                #expect(!f2s.descendants.contains { Self.runs(mark, $0) })
            }
        }

        private static func runs(_ mark: String, _ process: ProcessTable.Entry) -> Bool {
            (try? Files.read("/proc/\(process.id)/cmdline"))?.hasPrefix("sleep\0\(mark)") ?? false
        }
    }
}
