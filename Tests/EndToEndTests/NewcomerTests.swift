import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The examples and the commands of the README.
    @Suite struct Newcomer {
        @Test func `every example responds`() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            try await F2SServer.serve(folder: F2SBinary.repository + "/examples", home: home.path) { f2s in
                #expect(try f2s.get("/cluster").json["rejections"]?.list == [])
                #expect(try f2s.get("/invoke/hello?name=Ada").text == "Hello, Ada!\n")
                let capitals = try f2s.exchange("POST", "/invoke/upper", body: Array("make me loud".utf8))
                #expect(capitals.text == "MAKE ME LOUD")
                #expect(try f2s.get("/invoke/slow").text.hasSuffix("took its time\n"))
                let clock = try f2s.connect()
                try clock.send("GET", "/invoke/clock")
                #expect(try clock.head()["content-type"] == "text/event-stream")
                #expect(String(decoding: try clock.chunk() ?? [], as: UTF8.self).hasPrefix("data: "))
            }
        }

        @Test func `the commands declare, show, invoke, explain and delete a function`() async throws {
            let file = try Workshop.current.folder + "/commanded.yaml"
            let function = try FunctionManifest("commanded").with { $0.environment = ["REVISION": "7"] }
            try Files.write(function.yaml, to: file)
            try await F2SServer.serve([]) { f2s in
                func f2sCommand(_ arguments: String...) throws -> Command { try Command(arguments, server: f2s) }
                #expect(try f2sCommand("apply", "-f", file, "--wait").text.contains("commanded ready"))
                #expect(try f2sCommand("list").text.contains("commanded"))
                #expect(try f2sCommand("invoke", "commanded", "-d", "over", "--path", "/echo").text == "over")
                #expect(try f2sCommand("get", "commanded", "-o", "yaml").text.contains("REVISION: \"7\""))
                #expect(try f2sCommand("describe", "commanded").text.contains("/invoke/commanded"))
                #expect(try f2sCommand("why", "commanded").text.contains("1 replica"))
                #expect(try f2sCommand("logs", "commanded").text.hasPrefix("listening "))
                #expect(try f2sCommand("version").text.contains("server"))
                #expect(try f2sCommand("delete", "commanded").status == 0)
                #expect(Files.names(in: f2s.folder).isEmpty)
                try eventually("its replica has ended") { f2s.descendants.isEmpty }

                for arguments in [["get", "commanded"], ["invoke", "commanded"], ["delete", "commanded"], ["lst"]] {
                    let failure = try Command(arguments, server: f2s)
                    #expect(failure.status == (arguments == ["lst"] ? 2 : 1), "\(arguments)")
                    #expect(failure.text.isEmpty, "\(arguments)")
                    #expect(failure.errorText.split(separator: "\n").count == 1, "\(arguments): \(failure.errorText)")
                }
            }
        }
    }
}
