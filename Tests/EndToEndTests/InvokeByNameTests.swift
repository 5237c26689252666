import ProcessSupport
import Testing

extension EndToEndSerial {
    /// `f2s invoke` invokes the named function and no other.
    @Suite struct InvokeByName {
        @Test func `invoking second, if its route belongs to first, fails and does not print the response of first`()
            async throws
        {
            let first = try FunctionManifest("first").with { $0.endpoint = "/shared" }
            let second = try FunctionManifest("second").with { $0.endpoint = "/shared" }
            let file = try Workshop.current.folder + "/second.yaml"
            try Files.write(second.yaml, to: file)
            try await F2SServer.serve([first]) { f2s in
                #expect(try Command(["invoke", "first", "-d", "over", "--path", "/echo"], server: f2s).text == "over")
                for arguments in [["apply", "-f", file], ["apply", "-f", file, "--wait"]] {
                    let applied = try Command(arguments, server: f2s)
                    #expect(applied.status == 1)
                    #expect(applied.errorText.contains("first is older and has the same endpoint /shared"))
                    #expect(applied.errorText.split(separator: "\n").count == 1, "\(applied.errorText)")
                    #expect(!applied.text.contains("ready"))
                }
                let invoked = try Command(["invoke", "second", "-d", "over", "--path", "/echo"], server: f2s)
                #expect(invoked.status == 1)
                #expect(invoked.text.isEmpty)
                #expect(invoked.errorText.contains("first is older and has the same endpoint /shared"))
            }
        }

        @Test func `invoking a path that belongs to a longer route of another function is refused`() async throws {
            let outer = try FunctionManifest("outer").with { $0.endpoint = "/outer" }
            let inner = try FunctionManifest("inner").with { $0.endpoint = "/outer/inner" }
            try await F2SServer.serve([outer, inner]) { f2s in
                let invoked = try Command(["invoke", "outer", "--path", "/inner/echo"], server: f2s)
                #expect(invoked.status == 1)
                #expect(invoked.text.isEmpty)
                #expect(invoked.errorText.contains("lead to function inner"), "\(invoked.errorText)")
            }
        }
    }
}
