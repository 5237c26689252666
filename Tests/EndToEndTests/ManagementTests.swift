import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The management listener: `f2s serve --management`.
    @Suite struct Management {
        @Test func `with a management listener the public one may be open to all, because it has no management API`()
            async throws
        {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let output = home.path + "/output"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "0.0.0.0:0", "--management", "127.0.0.1:0",
                    "--console", "none", "--operations", "127.0.0.1:0", "--folder", home.path,
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], output: output,
                errors: home.path + "/errors")
            defer { process.end() }
            let (open, management) = try eventually("f2s serves", within: .seconds(30)) { () -> (Int, Int)? in
                guard let text = try? Files.read(output), text.contains("Metrics at http://127.0.0.1:"),
                    let open = port(after: "F2S serves http://0.0.0.0:", in: text),
                    let management = port(after: "Functions are managed at http://127.0.0.1:", in: text)
                else { return nil }
                return (open, management)
            }
            let declaration = Array(
                """
                apiVersion: f2s.opensight.ch/v1alpha1
                kind: Function
                metadata: {name: a}
                spec: {endpoint: /a}
                target: {command: [sleep, "60"]}
                """.utf8)
            for (port, expected) in [(open, [404, 404, 200]), (management, [200, 201, 200])] {
                let list = try HTTPConnection(port: port).exchange("GET", "/functions")
                let made = try HTTPConnection(port: port).exchange(
                    "POST", "/functions", [("Content-Type", "application/yaml")], body: declaration)
                let health = try HTTPConnection(port: port).exchange("GET", "/health")
                #expect([list.status, made.status, health.status] == expected)
            }
        }

        @Test func `a management address that other machines can reach is refused`() throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let errors = home.path + "/errors"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "127.0.0.1:0", "--management", "0.0.0.0:0",
                    "--console", "none", "--folder", home.path,
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            #expect(try process.waitForEnd(within: .seconds(30)) == 1)
            #expect(try Files.read(errors).contains("Refusing --management on 0.0.0.0 without authentication"))
        }

        @Test func `clients that do not read their long lists use little memory`() async throws {
            let description = String(repeating: "d", count: 4096)
            try await F2SServer.serve([]) { f2s in
                for file in 0..<10 {
                    let documents = (0..<150).map { index in
                        """
                        apiVersion: f2s.opensight.ch/v1alpha1
                        kind: Function
                        metadata: {name: f\(file)-\(index)}
                        spec: {endpoint: /f\(file)-\(index), description: \(description)}
                        target: {command: [sleep, "60"]}
                        """
                    }
                    try Files.write(documents.joined(separator: "\n---\n"), to: "\(f2s.folder)/\(file).yaml")
                }
                try eventually("all are declared", within: .seconds(30)) {
                    try f2s.get("/cluster").json["functions"]?.number == 1500
                }
                for _ in 0..<3 { #expect(try f2s.get("/functions").status == 200) }
                let before = try ProcessTable.kibibytes("VmRSS", of: f2s.process.id) / 1024
                let readers = try (0..<60).map { _ in try f2s.connect() }
                for reader in readers { try reader.send("GET /functions HTTP/1.1\r\nHost: localhost\r\n\r\n") }
                // Later requests get a response, and by then the slow clients have got all that they will get.
                for _ in 0..<20 { #expect(try f2s.get("/health").status == 200) }
                let grown = try ProcessTable.kibibytes("VmRSS", of: f2s.process.id) / 1024 - before
                report(5, "60 unread lists of 6 MB: \(grown) MB more")
                #expect(grown < 100)
                withExtendedLifetime(readers) {}
            }
        }

        private func port(after words: String, in text: String) -> Int? {
            text.firstRange(of: words).flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) }
        }
    }
}
