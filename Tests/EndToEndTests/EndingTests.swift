import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The shutdown of `f2s serve` at a terminal.
    @Suite struct Ending {
        @Test func `the first Ctrl-C reports pending invocations and the second one ends f2s at once`() async throws {
            try await F2SServer.serve([try FunctionManifest("endless")]) { f2s in
                try eventually("endless answers") { try f2s.get("/invoke/endless").status == 200 }
                let reader = try f2s.connect()
                try reader.send("GET", "/invoke/endless/stream")
                _ = try reader.head()
                let family = f2s.family
                f2s.process.send(signal: SIGINT)
                let line = try eventually("it logs the pending invocations") {
                    f2s.log.split(separator: "\n").first { $0.contains("Ending: ") }
                }
                #expect(line.contains("1 invocation is in flight or queued (endless: 1)"), "\(line)")
                #expect(line.contains("up to 30 s") && line.contains("Ctrl-C again to end at once"), "\(line)")
                #expect(try f2s.process.endIfOver() == nil)
                let begun = ContinuousClock.now
                f2s.process.send(signal: SIGINT)
                let status = try f2s.process.waitForEnd(within: .seconds(5))
                let time = ContinuousClock.now - begun
                report(8, "the second Ctrl-C: exit status \(status) after \(time)")
                #expect(status == 128 + Int(SIGINT))
                #expect(time < .seconds(2.5), "five times half a second")
                try eventually("its replicas end with it") { ProcessTable.running(family).isEmpty }
                #expect(Files.names(in: f2s.temporaryFolder).isEmpty, "the API server's socket is gone")
            }
        }

        @Test func `SIGHUP does not cut invocations`() async throws {
            let function = try FunctionManifest("steady")
            try await F2SServer.serve([function]) { f2s in
                try eventually("steady answers") { try f2s.get("/invoke/steady").status == 200 }
                async let answer = atOnce(1) { _ in try f2s.exchange("POST", "/invoke/steady?delay=500", body: []) }
                try eventually("it is in flight") {
                    try f2s.get("/dispatcher").json["functions"]?["steady"]?["inFlight"]?.number == 1
                }
                f2s.process.send(signal: SIGHUP)
                #expect(try await answer.map(\.status) == [200])
                #expect(try f2s.process.waitForEnd(within: .seconds(15 * EndToEndSerial.timeout)) == 0)
            }
        }

        @Test func `f2s under nohup goes on after SIGHUP`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let output = home.path + "/output"
            let process = try ChildProcess(
                [
                    "nohup", try Workshop.current.f2s, "serve", "--listen", "127.0.0.1:0", "--console", "none",
                    "--operations", "127.0.0.1:0", "--folder", home.path,
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], output: output,
                errors: home.path + "/errors")
            defer { process.end() }
            let port = try eventually("it serves", within: .seconds(30)) {
                let text = try Files.read(output)
                let start = text.firstRange(of: "F2S serves http://127.0.0.1:")?.upperBound
                return start.flatMap { Int(text[$0...].prefix { $0.isNumber }) }
            }
            process.send(signal: SIGHUP)
            process.send(signal: SIGHUP)
            try eventually("it goes on") { try HTTPConnection(port: port).exchange("GET", "/health").status == 200 }
            for _ in 0..<5 { #expect(try HTTPConnection(port: port).exchange("GET", "/health").status == 200) }
            process.send(signal: SIGTERM)
            #expect(try process.waitForEnd(within: .seconds(15 * EndToEndSerial.timeout)) == 0)
        }
    }
}
