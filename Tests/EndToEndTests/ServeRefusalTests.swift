import ProcessSupport
import Testing

extension EndToEndSerial {
    /// What `f2s serve` does not begin with, and what it says then.
    @Suite struct ServeRefusals {
        /// What `f2s serve` has said with these arguments, until it ended by itself with status 1.
        private func complaint(_ arguments: [String]) throws -> String {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let errors = home.path + "/errors"
            let free = ["--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0", "--folder", home.path]
            // Of an option that comes twice, the last counts.
            let process = try ChildProcess(
                [try Workshop.current.f2s, "serve"] + free + arguments,
                environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            #expect(try process.waitForEnd(within: .seconds(30)) == 1)
            return try Files.read(errors)
        }

        @Test(arguments: ["--listen", "--operations"])
        func `an address that others can reach is refused`(option: String) throws {
            let complaint = try complaint([option, "0.0.0.0:0"])
            #expect(complaint.contains("Refusing \(option) on 0.0.0.0 without authentication"), "\(complaint)")
        }

        @Test func `who says so listens where others reach it, under its address and the names in the settings`()
            async throws
        {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let output = home.path + "/output"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "0.0.0.0:0", "--operations", "[::]:0", "--folder",
                    home.path, "--allow-unauthenticated",
                ],
                environment: [
                    "PATH": "/usr/bin:/bin", "TMPDIR": home.path, "F2S_PUBLIC_HOSTS": "f2s.example, F2S.example.org",
                ].map { "\($0)=\($1)" }, output: output, errors: home.path + "/errors")
            defer { process.end() }
            let port = try eventually("f2s serves", within: .seconds(30)) { () -> Int? in
                let text = try Files.read(output)
                guard text.contains("Metrics at http://[::]:"),
                    let range = text.firstRange(of: "F2S serves http://0.0.0.0:")
                else { return nil }
                return Int(text[range.upperBound...].prefix { $0.isNumber })
            }
            for (host, status) in [
                ("192.0.2.7:8080", 200), ("f2s.example", 200), ("f2s.example.org:80", 200), ("evil.example", 403),
            ] {
                let answer = try HTTPConnection(port: port).exchange("GET", "/functions", [("Host", host)])
                #expect(answer.status == status, "\(host)")
            }
        }

        @Test func `settings that were named must be there`() throws {
            let complaint = try complaint(["--config", "/nowhere/named.yaml"])
            #expect(complaint.contains("/nowhere/named.yaml") && complaint.contains("No such file"), "\(complaint)")
        }

        @Test func `a port that is taken is named in the system's words`() async throws {
            try await F2SServer.serve([]) { f2s in
                for (option, port) in [("--listen", f2s.port), ("--operations", f2s.operationsPort)] {
                    let complaint = try complaint([option, "127.0.0.1:\(port)"])
                    let words = "annot listen on 127.0.0.1:\(port): Address already in use. "
                    #expect(complaint.contains(words), "\(complaint)")
                    #expect(!complaint.contains("errno"), "\(complaint)")
                    // Which option to change, in one message, before anything is started.
                    #expect(complaint.contains("\(option) names the address"), "\(complaint)")
                    #expect(complaint.split(separator: "\n").count == 1, "\(complaint)")
                }
            }
        }

        @Test func `the log says once what is served, and libraries keep quiet`() async throws {
            try await F2SServer.serve([try FunctionManifest("one"), try FunctionManifest("two")]) { f2s in
                let line = try eventually("it says what it serves") {
                    f2s.log.split(separator: "\n").first { $0.contains("Serving 2 functions of /") }
                }
                #expect(line.contains("\(f2s.folder)."), "\(line)")
                #expect(!f2s.log.contains("Server started"), "\(f2s.log)")
            }
        }
    }
}
