import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Functions from source text.
    @Suite struct Source {
        private static func manifest(_ name: String, _ runtime: String, _ file: String, _ text: String) -> String {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "        \($0)" }
            return """
                apiVersion: f2s.opensight.ch/v1alpha1
                kind: Function
                metadata: {name: \(name)}
                spec: {endpoint: /\(name)}
                target:
                  scaling: {idle: 1s}
                  source:
                    runtime: \(runtime)
                    files:
                      \(file): |
                \(lines.joined(separator: "\n"))

                """
        }

        /// Returns the paths of the folders with the files of functions.
        private static func folders(of f2s: F2SServer) -> [String] {
            Files.names(in: f2s.temporaryFolder).flatMap { folder in
                let sources = "\(f2s.temporaryFolder)/\(folder)/sources"
                return Files.names(in: sources).map { "\(sources)/\($0)" }
            }
        }

        @Test(arguments: ["python", "node", "shell"])
        func `a new function answers, and its files exist while a replica runs`(runtime: String) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let file = home.path + "/greeting.yaml"
            try await F2SServer.serve([]) { f2s in
                #expect(try Command(["new", runtime, "greeting", "-o", file], server: f2s).status == 0)
                let second = try Command(["new", runtime, "greeting", "-o", file], server: f2s)
                #expect(second.status == 1 && second.errorText.contains("exists already"))
                #expect(try Command(["apply", "-f", file], server: f2s).status == 0)
                #expect(Self.folders(of: f2s).isEmpty)
                let answer = try f2s.get("/invoke/greeting?name=Ada")
                let name = runtime == "shell" ? "name=Ada" : "Ada"
                #expect(answer.status == 200 && answer.text.hasPrefix("Hello, \(name)!"), "\(answer.text)")
                #expect(try Command(["logs", "greeting"], server: f2s).text.contains("greeting \(name)"))
                let folders = Self.folders(of: f2s)
                #expect(folders.count == 1)
                for folder in folders {
                    var status = stat()
                    #expect(stat(folder, &status) == 0)
                    #expect(status.st_mode & 0o777 == 0o700)
                }
                #expect(try Command(["delete", "greeting"], server: f2s).status == 0)
                try eventually("its files are deleted") { Self.folders(of: f2s).isEmpty }
            }
        }

        @Test func `an edit rolls out, a syntax error is explained and rolls back, and a repair works`() async throws {
            try await F2SServer.serve([]) { f2s in
                func put(_ text: String) throws {
                    let manifest = Self.manifest("edited", "python", "handler.py", text)
                    let answer = try f2s.exchange(
                        "PUT", "/functions/edited", [("Content-Type", "application/yaml")],
                        body: Array(manifest.utf8))
                    #expect((200...201).contains(answer.status), "\(answer.text)")
                }
                try put("def handle(request):\n    return 'one'")
                #expect(try f2s.get("/invoke/edited").text == "one")
                try put("def handle(request):\n    return 'two'")
                try eventually("the edit serves") { try f2s.get("/invoke/edited").text == "two" }
                try put("def handle(request):\n    x = 1\n    retrun x")
                try eventually("the error is explained") {
                    try f2s.get("/functions/edited/why").json["startFailure"]?["sourceError"]?["line"]?.number == 3
                }
                let why = try f2s.get("/functions/edited/why").json
                #expect(why["startFailure"]?["reason"]?.text == "SourceError")
                #expect(why["startFailure"]?["message"]?.text?.contains("handler.py, line 3: SyntaxError") == true)
                try put("def handle(request):\n    return 'three'")
                try eventually("the repair serves", within: .seconds(30)) {
                    try f2s.get("/invoke/edited").text == "three"
                }
            }
        }

        @Test func `a runtime without its interpreter is explained`() async throws {
            let empty = try TemporaryFolder()
            defer { empty.remove() }
            let manifest = Self.manifest("lost", "node", "handler.mjs", "export const handle = () => 'x'")
            try Files.makeFolder(empty.path + "/functions")
            try Files.write(manifest, to: empty.path + "/functions/lost.yaml")
            let program = ["env", "PATH=\(empty.path)", try Workshop.current.f2s]
            try await F2SServer.serve(folder: empty.path + "/functions", home: empty.path, program: program) { f2s in
                let answer = try f2s.get("/invoke/lost")
                let reason = try answer.json["reason"]?.text
                #expect(answer.status == 502 && reason == "MissingRuntime", "\(answer.text)")
                #expect(answer.text.contains("`node`"))
            }
        }
    }
}
