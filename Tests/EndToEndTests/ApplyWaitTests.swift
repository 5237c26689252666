import ProcessSupport
import Testing

extension EndToEndSerial {
    /// `f2s apply --wait` returns when the applied function runs, and not before.
    @Suite struct ApplyWait {
        @Test func `an edit to a command that cannot start does not become ready`() async throws {
            let file = try Workshop.current.folder + "/edited.yaml"
            let sound = try FunctionManifest("edited").with { ($0.minReplicas, $0.idle) = (1, "60s") }
            let broken = sound.with { $0.command = ["sh", "-c", "echo no settings >&2; exit 3"] }
            try await F2SServer.serve([]) { f2s in
                try Files.write(sound.yaml, to: file)
                let first = try Command(["apply", "-f", file, "--wait"], server: f2s)
                #expect(first.status == 0 && first.text.hasSuffix("function edited ready\n"), "\(first.errorText)")
                #expect(try f2s.readyReplicas(of: "edited") == 1)
                try Files.replace(file, with: broken.yaml)
                let edited = try Command(["apply", "-f", file, "--wait"], server: f2s)
                #expect(edited.status == 1)
                #expect(!edited.text.contains("ready"), "\(edited.text)")
                #expect(edited.errorText.contains("ExitedAtStart") && edited.errorText.contains("exit status 3"))
                // The previous revision goes on serving.
                #expect(try f2s.get("/invoke/edited").status == 200)
                try Files.replace(file, with: sound.with { $0.environment = ["REVISION": "3"] }.yaml)
                #expect(try Command(["apply", "-f", file, "--wait"], server: f2s).status == 0)
                let status = try f2s.get("/functions/edited").json["status"]
                #expect(status?["updatedReadyReplicas"]?.number == 1)
            }
        }

        @Test func `an idle function is started once, and not at all with declared`() async throws {
            let starts = try Workshop.current.folder + "/starts-waited.txt"
            let file = try Workshop.current.folder + "/waited.yaml"
            let function = try FunctionManifest("waited").with { $0.environment = ["STARTS": starts] }
            try Files.write(function.yaml, to: file)
            let broken = try Workshop.current.folder + "/impossible.yaml"
            try Files.write(FunctionManifest("impossible", command: ["no-such-program"]).yaml, to: broken)
            try await F2SServer.serve([]) { f2s in
                let declared = try Command(["apply", "-f", file, "--wait=declared"], server: f2s)
                #expect(declared.status == 0 && declared.text.hasSuffix("function waited declared\n"))
                #expect((try? Files.read(starts)) == nil, "nothing was started")
                let ready = try Command(["apply", "-f", file, "--wait"], server: f2s)
                #expect(ready.status == 0 && ready.text.hasSuffix("function waited ready\n"), "\(ready.errorText)")
                #expect(try Files.read(starts).split(separator: "\n").count == 1)
                try eventually("it scales to zero again") { try f2s.readyReplicas(of: "waited") == 0 }
                #expect(try Command(["apply", "-f", broken, "--wait=declared"], server: f2s).status == 0)
                let failed = try Command(["apply", "-f", broken, "--wait"], server: f2s)
                #expect(failed.status == 1)
                #expect(failed.errorText.contains("MissingProgram"), "\(failed.errorText)")
                #expect(try Command(["apply", "-f", broken, "--wait=soon"], server: f2s).status == 2)
            }
        }

        @Test func `300 functions are applied several at once and reported in the order of the file`() async throws {
            let file = try Workshop.current.folder + "/many-applied.yaml"
            let names = (0..<300).map { "applied-\($0)" }
            let text = try names.map { try FunctionManifest($0).yaml }.joined(separator: "---\n")
            try Files.write(text, to: file)
            // The older of two functions with one route keeps it, so these two must be declared one after the other.
            let rivals = try Workshop.current.folder + "/rivals.yaml"
            let (first, second) = (try FunctionManifest("z-first"), try FunctionManifest("a-second"))
            let both = [first, second].map { $0.with { $0.endpoint = "/rival" }.yaml }
            try Files.write(both.joined(separator: "---\n"), to: rivals)
            try await F2SServer.serve([]) { f2s in
                let begun = monotonicNanoseconds()
                let command = try Command(["apply", "-f", file], server: f2s)
                let each = (monotonicNanoseconds() - begun) / 300
                report(0, "300 functions applied in \(each.milliseconds) each (10 ms)")
                #expect(command.status == 0)
                #expect(command.text == names.map { "function \($0) created\n" }.joined())
                #expect(each < 10_000_000 * Int64(EndToEndSerial.timeout))
                let rivalry = try Command(["apply", "-f", rivals], server: f2s)
                #expect(rivalry.status == 1)
                #expect(rivalry.errorText.hasPrefix("f2s: a-second is stored but cannot be invoked"))
            }
        }
    }
}
