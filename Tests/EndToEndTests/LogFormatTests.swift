import ProcessSupport
import Testing

extension EndToEndSerial {
    /// `f2s.log_format`.
    @Suite struct LogFormat {
        @Test func `with JSON every line is an object, those from before the settings were read too`() async throws {
            // The warning about Kafka comes from reading the settings themselves.
            let settings = "f2s: {log_format: json, kafka: {enabled: true}}\n"
            try await F2SServer.serve([try FunctionManifest("one")], settings: settings) { f2s in
                let lines = try eventually("it says what it serves") { () -> [Substring]? in
                    let lines = f2s.log.split(separator: "\n")
                    return lines.contains { $0.contains("Serving 1 function of ") } ? lines : nil
                }
                let objects = try lines.map { try JSONValue(Array($0.utf8)) }
                for object in objects {
                    #expect(object["time"]?.text?.hasSuffix("Z") == true)
                    #expect(object["level"]?.text != nil && object["logger"]?.text != nil)
                    #expect(object["message"]?.text?.isEmpty == false)
                }
                let warning = objects.first { $0["message"]?.text?.hasPrefix("f2s.kafka has no effect") == true }
                #expect(warning?["level"]?.text == "warning")
                #expect(warning?["metadata"]?["file"]?.text?.hasSuffix("config.yaml") == true)
            }
        }

        @Test func `a start that fails tells why in the form for people`() throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            try Files.write("f2s: {lops: 1}\n", to: home.path + "/config.yaml")
            let errors = home.path + "/errors"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "127.0.0.1:0", "--folder", home.path, "--config",
                    home.path + "/config.yaml",
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            #expect(try process.waitForEnd(within: .seconds(30)) == 1)
            #expect(try Files.read(errors).contains("did you mean f2s.loops?"))
        }
    }
}
