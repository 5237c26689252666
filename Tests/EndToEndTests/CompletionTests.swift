import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The completion of command lines by a shell.
    @Suite struct Completion {
        /// A script that makes bash complete the last of its arguments and prints each word that bash offers.
        private static let script = #"""
            source "$0"
            COMP_WORDS=("$@") COMP_LINE="$*" COMP_CWORD=$(($# - 1))
            COMP_POINT=${#COMP_LINE}
            _f2s "$1" "${@: -1}" "${@: -2:1}"
            printf '%s\n' "${COMPREPLY[@]}"
            """#

        /// Returns the sorted words that bash offers for a command line of f2s and the given words.
        private func offers(_ words: [String], port: Int) throws -> [String] {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let (functions, output, errors) = (home.path + "/f2s.bash", home.path + "/out", home.path + "/err")
            try Files.write(try Command(["--generate-completion-script", "bash"]).text, to: functions)
            let path = ChildProcess.ownEnvironment.filter { $0.hasPrefix("PATH=") }
            let shell = try ChildProcess(
                ["bash", "-c", Self.script, functions, Workshop.current.f2s] + words,
                environment: path + ["F2S_SERVER=http://127.0.0.1:\(port)"], output: output, errors: errors)
            defer { shell.end() }
            #expect(try shell.waitForEnd(within: .seconds(30)) == 0)
            // A message would disturb the line that the user is typing.
            #expect(try Files.read(errors) == "")
            return try Files.read(output).split(separator: "\n").map(String.init).sorted()
        }

        @Test func `names of functions are completed from the declared functions`() async throws {
            let functions = try ["alpha", "alps", "beta"].map { try FunctionManifest($0) }
            try await F2SServer.serve(functions) { f2s in
                try eventually("all are declared") { try f2s.get("/cluster").json["functions"]?.number == 3 }
                for command in ["get", "describe", "why", "logs", "invoke", "restart", "delete"] {
                    #expect(try offers([command, "al"], port: f2s.port) == ["alpha", "alps"], "\(command)")
                }
                #expect(try offers(["get", ""], port: f2s.port) == ["alpha", "alps", "beta"])
                #expect(try offers(["get", "gamma"], port: f2s.port) == [])
                #expect(try offers(["logs", "--tail", "5", "b"], port: f2s.port) == ["beta"])
                #expect(try offers(["delete", "alpha", "b"], port: f2s.port) == ["beta"])
            }
        }

        @Test func `without a server, completion offers nothing and prints nothing`() throws {
            #expect(try offers(["get", ""], port: freePort()) == [])
        }
    }
}
