import ProcessSupport
import Testing

extension EndToEndSerial {
    /// `f2s wrap` as a function.
    @Suite struct WrappedCommand {
        @Test func `a wrapped command takes the time of its function and no other`() async throws {
            // A default of its own, 30 s once, cut off functions that had declared more.
            let help = try Command(["wrap", "--help"])
            #expect(help.text.replacing("\n", with: " ").contains("(default: 24h)"), "\(help.text)")
            let command = ["f2s", "wrap", "--", "sleep", "61.25"]
            let function = FunctionManifest("wrapped", command: command).with { $0.timeout = "500ms" }
            try await F2SServer.serve([function]) { f2s in
                try eventually("it is declared") { try f2s.get("/functions/wrapped").status == 200 }
                let answer = try eventually("its wrap runs and its time is over") {
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
    }
}
