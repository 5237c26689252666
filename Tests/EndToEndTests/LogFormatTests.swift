import F2SModel
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The formats of the log, by the setting `f2s.log_format`.
    @Suite struct LogFormat {
        @Test func `with JSON every line is an object, even before the settings are read`() async throws {
            // The warning about Kafka comes from reading the settings themselves.
            let settings = "f2s: {log_format: json, kafka: {enabled: true}}\n"
            try await F2SServer.serve([try FunctionManifest("one")], settings: settings) { f2s in
                let lines = try eventually("the served functions are logged") { () -> [Substring]? in
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

        @Test func `a text line has its message first and then its metadata, sorted by name`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            // A value with a space must be quoted.
            let location = home.path + "/a place"
            for folder in [location, location + "/functions"] { try Files.makeFolder(folder) }
            try await F2SServer.serve(
                folder: location + "/functions", home: location, settings: "f2s: {kafka: {enabled: true}}\n",
                descriptors: 512
            ) { f2s in
                let expected = [
                    "warning f2s.kafka has no effect: messages from Kafka come with issue 9 (Kafka). "
                        + "file=\"\(location)/config.yaml\" (config)",
                    "notice The limit of open files bounds the client connections: raise it for more connections. "
                        + "client_connections=336 f2s.limits.connections=20000 limit=512 reserve=64 (f2s)",
                ]
                for text in expected {
                    let line = try #require(f2s.log.split(separator: "\n").first { $0.hasSuffix(" " + text) })
                    let time = String(line.dropLast(text.count + 1))
                    #expect(TimeText.secondsSince1970(time) != nil, "only the time precedes the text: \(line)")
                }
            }
        }

        @Test func `a failed start logs its reason as text`() throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            try Files.write("f2s: {lops: 1}\n", to: home.path + "/config.yaml")
            let errors = home.path + "/errors"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--listen", "127.0.0.1:0", "--console", "none", "--folder",
                    home.path, "--config", home.path + "/config.yaml",
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            #expect(try process.waitForEnd(within: .seconds(30)) == 1)
            #expect(try Files.read(errors).contains("did you mean f2s.loops?"))
        }
    }
}
