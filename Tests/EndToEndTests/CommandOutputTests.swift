import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The output of commands, for people and for programs.
    @Suite struct CommandOutput {
        /// The commands that print data, about a function named `shown`.
        private static let dataCommands = [
            ["list"], ["get", "shown"], ["describe", "shown"], ["why", "shown"], ["events"], ["version"],
            ["logs", "shown"], ["logs", "shown", "--tail", "1"], ["events", "--tail", "1"],
        ]

        @Test func `every command that prints data writes JSON and YAML, with times as strings`() async throws {
            let function = try FunctionManifest("shown").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("shown is ready") { try f2s.readyReplicas(of: "shown") == 1 }
                for arguments in Self.dataCommands {
                    let json = try Command(arguments + ["-o", "json"], server: f2s)
                    #expect(json.status == 0 && json.errorText.isEmpty, "\(arguments): \(json.errorText)")
                    #expect(json.text.first == "{", "\(arguments): \(json.text)")
                    let yaml = try Command(arguments + ["-o", "yaml"], server: f2s)
                    #expect(yaml.status == 0 && yaml.text.first != "{", "\(arguments): \(yaml.text)")
                    for text in [json.text, yaml.text] {
                        #expect(
                            !text.contains(try Regex("(time|since|nextAttempt)\"?: ?[0-9]{5,}[.0-9]*[,\n]")), "\(text)")
                        #expect(!text.contains("isTrue"), "\(text)")
                    }
                }
                let why = try Command(["why", "shown", "-o", "json"], server: f2s).text
                #expect(why.contains("\"lastTransitionTime\": \"20"))
                #expect(try Command(["describe", "shown", "-o", "json"], server: f2s).text.contains("\"why\": {"))
            }
        }

        @Test func `every command that prints data has the default -o table and rejects an unknown format`()
            async throws
        {
            let function = try FunctionManifest("shown").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("shown is ready") { try f2s.readyReplicas(of: "shown") == 1 }
                for arguments in Self.dataCommands {
                    // An age may change and an event may happen between two runs.
                    try eventually("\(arguments) prints the same with -o table") {
                        let usual = try Command(arguments, server: f2s)
                        let table = try Command(arguments + ["-o", "table"], server: f2s)
                        #expect(usual.status == 0 && table.status == 0, "\(arguments): \(table.errorText)")
                        return !usual.text.isEmpty && usual.text == table.text
                    }
                    let unknown = try Command(arguments + ["-o", "xml"], server: f2s)
                    #expect(unknown.status == 2 && unknown.text.isEmpty, "\(arguments): \(unknown.text)")
                    #expect(unknown.errorText.contains("xml"), "\(arguments): \(unknown.errorText)")
                }
            }
        }

        @Test func `the output of a function does not control the user's terminal, except with raw`()
            async throws
        {
            let function = FunctionManifest(
                "hostile",
                command: ["f2s", "wrap", "--", "sh", "-c", #"printf 'a\033[2Jb\342\200\256c\n' | tee /dev/stderr"#])
            try await F2SServer.serve([function]) { f2s in
                try eventually("hostile answers") { try f2s.get("/invoke/hostile").status == 200 }
                for arguments in [["invoke", "hostile"], ["logs", "hostile"]] {
                    #expect(
                        try Command(arguments, server: f2s).text.contains("a\u{1B}[2Jb\u{202E}c\n"),
                        "output to a file is not escaped")
                    let shown = try Command.onTerminal(arguments, server: f2s)
                    #expect(shown.contains("a\\u{1b}[2Jb\\u{202e}c"), "\(shown)")
                    #expect(!shown.contains("\u{1B}") && !shown.contains("\u{202E}"))
                    let raw = try Command.onTerminal(arguments + ["--raw"], server: f2s)
                    #expect(raw.contains("a\u{1B}[2Jb\u{202E}c"))
                }
            }
        }

        @Test func `a table on a terminal has the terminal's width, and colours unless NO_COLOR is set`()
            async throws
        {
            let function = FunctionManifest("broken", command: ["sh", "-c", "exit 3"]).with { $0.minReplicas = 1 }
            try await F2SServer.serve([function]) { f2s in
                try eventually("it has failed") {
                    try f2s.get("/functions/broken").text.contains("StartFailed")
                }
                let plain = try Command.onTerminal(["events"], columns: 60, environment: ["NO_COLOR=1"], server: f2s)
                let lines = plain.split(whereSeparator: \.isNewline)
                #expect(lines.count > 1 && lines.allSatisfy { $0.count <= 60 }, "\(plain)")
                #expect(plain.contains("…") && !plain.contains("\u{1B}"), "\(plain)")
                #expect(
                    try Command.onTerminal(["events"], columns: 60, server: f2s).contains("\u{1B}[33mWarning\u{1B}[0m"))
                #expect(!(try Command(["events"], server: f2s).text.contains("…")))
            }
        }
    }
}
