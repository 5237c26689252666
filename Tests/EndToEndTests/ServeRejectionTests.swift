import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The arguments that `f2s serve` rejects, and its errors.
    @Suite struct ServeRejections {
        /// Runs `f2s serve` with these arguments until it ends by itself with status 1, and returns its standard error.
        private func errorText(_ arguments: [String]) throws -> String {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let errors = home.path + "/errors"
            let free = [
                "--listen", "127.0.0.1:0", "--console", "none", "--operations", "127.0.0.1:0", "--folder", home.path,
            ]
            // If an option is given twice, the last one counts.
            let process = try ChildProcess(
                [try Workshop.current.f2s, "serve"] + free + arguments,
                environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            #expect(try process.waitForEnd(within: .seconds(30)) == 1)
            return try Files.read(errors)
        }

        @Test(arguments: ["--listen", "--console", "--operations"])
        func `an address that other machines can reach is refused`(option: String) throws {
            let errorText = try errorText([option, "0.0.0.0:0"])
            #expect(errorText.contains("Refusing \(option) on 0.0.0.0 without authentication"), "\(errorText)")
        }

        @Test(arguments: ["nowhere", "127.0.0.1", "None"])
        func `an address of the console that is neither an address nor none is refused`(text: String) throws {
            let errorText = try errorText(["--console", text])
            #expect(errorText.contains("--console \"\(text)\" is neither IP:PORT nor none"), "\(errorText)")
        }

        @Test func `with allow-unauthenticated f2s serves its public address and the host names of the settings`()
            async throws
        {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let output = home.path + "/output"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "0.0.0.0:0", "--console", "none", "--operations",
                    "[::]:0", "--folder", home.path, "--allow-unauthenticated",
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

        @Test func `a settings file that is named must exist`() throws {
            let errorText = try errorText(["--config", "/nowhere/named.yaml"])
            #expect(errorText.contains("/nowhere/named.yaml") && errorText.contains("No such file"), "\(errorText)")
        }

        @Test func `the error for a port in use contains the system's message`() async throws {
            try await F2SServer.serve([]) { f2s in
                for (option, port) in [
                    ("--listen", f2s.port), ("--console", f2s.port), ("--operations", f2s.operationsPort),
                ] {
                    let errorText = try errorText([option, "127.0.0.1:\(port)"])
                    let words = "annot listen on 127.0.0.1:\(port): Address already in use. "
                    #expect(errorText.contains(words), "\(errorText)")
                    #expect(!errorText.contains("errno"), "\(errorText)")
                    // One message, before anything is started, names the option to change.
                    #expect(errorText.contains("\(option) names the address"), "\(errorText)")
                    #expect(errorText.split(separator: "\n").count == 1, "\(errorText)")
                }
            }
        }

        @Test func `the log contains one line about the served functions and none of libraries`() async throws {
            try await F2SServer.serve([try FunctionManifest("one"), try FunctionManifest("two")]) { f2s in
                let line = try eventually("the served functions are logged") {
                    f2s.log.split(separator: "\n").first { $0.contains("Serving 2 functions of /") }
                }
                #expect(line.contains("\(f2s.folder)."), "\(line)")
                #expect(!f2s.log.contains("Server started"), "\(f2s.log)")
            }
        }
    }
}
