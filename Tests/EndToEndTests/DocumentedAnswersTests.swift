import FoundationEssentials
import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Compares the answers of the API with its OpenAPI document by schemathesis, which generates requests from the
    /// document. Part of `make soak`.
    @Suite(.enabled(if: getenv("F2S_SCHEMATHESIS") != nil)) struct DocumentedAnswers {
        enum Method: String, CaseIterable {
            case none, basic, token, oidc
        }

        private static let privileges =
            [
                "list", "invoke", "create", "update", "delete", "logs", "expose",
            ].map { "\"functions:\($0)\"" }.joined(separator: ", ") + ", \"settings:view\", \"settings:update\""

        private func settings(_ method: Method, _ provider: OpenIDProvider, tokens: String) -> String {
            guard method != .none else { return "f2s: {loops: 1}" }
            return """
                f2s:
                  loops: 1
                  auth:
                    types: [\(method.rawValue)]
                    basic: [{username: ann, password: x, group: admins}, {username: bob, password: x, group: readers}]
                    token: {store_file: \(tokens)}
                    oidc:
                      - issuer: \(provider.url(.rs256))
                        claims: {scope: invoke}
                        user_claim: preferred_username
                        groups_claim: groups
                    authorization:
                      - {group: admins, privileges: [\(Self.privileges)]}
                      - {group: readers, privileges: ["functions:list@other"]}
                """
        }

        /// The values of Authorization for which the answers are compared; `nil` for none.
        private func callers(_ method: Method, _ provider: OpenIDProvider, tokens: String) throws -> [String?] {
            switch method {
            case .none: return [nil]
            case .basic:
                return [nil] + ["ann:x", "bob:x"].map { "Basic \(Data($0.utf8).base64EncodedString())" }
            case .token: return [nil, "Bearer \(try Files.read(tokens).filter { $0 != "\n" })"]
            case .oidc: return [nil, "Bearer \(try provider.tokens(.rs256, for: "alice").access)"]
            }
        }

        @Test(arguments: Method.allCases) func `no answer is a server error, and every answer is documented`(
            method: Method
        ) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let (tokens, token) = (folder.path + "/tokens.json", folder.path + "/token")
            if method == .token {
                // Only a server without authentication creates the first token without a token.
                try await F2SServer.serve([], settings: "f2s: {auth: {token: {store_file: \(tokens)}}}") { f2s in
                    let made = try Command(["token", "create", "--name", "admin", "--group", "admins"], server: f2s)
                    try Files.write(made.text, to: token)
                }
            }
            let functions = try ["hello", "other"].map { try FunctionManifest($0).with { $0.minReplicas = 1 } }
            try await OpenIDProvider.run { provider in
                try await F2SServer.serve(
                    functions, settings: settings(method, provider, tokens: tokens), console: 0
                ) { f2s in
                    let console = try f2s.announcedPort(after: "Console at http://127.0.0.1:")
                    for caller in try callers(method, provider, tokens: token) {
                        for port in [f2s.port, console] {
                            let title = "\(method), \(caller?.prefix(12) ?? "no credentials")"
                            try compare(port, caller, title, f2s, in: folder.path)
                        }
                    }
                }
            }
        }

        /// Compares the answers at a port with the document that this port serves. The names in paths are that of an
        /// existing function at the API, and generated ones at the console.
        private func compare(
            _ port: Int, _ authorization: String?, _ title: String, _ f2s: F2SServer, in folder: String
        ) throws {
            let isConsole = port != f2s.port
            // The console refuses requests that neither its page sends nor have credentials.
            var fields = isConsole ? [("Origin", "http://127.0.0.1:\(port)")] : []
            fields += authorization.map { [("Authorization", $0)] } ?? []
            let document = try HTTPConnection(port: port).exchange(
                "GET", "/docs", fields + [("Accept", "application/json"), ("Host", "127.0.0.1:\(port)")])
            #expect(document.status == 200)
            try Files.write(document.text, to: folder + "/openapi.json")
            // A stream that follows logs or events does not end.
            let names = isConsole ? "" : "\"path.name\" = \"hello\"\n"
            try Files.write("[parameters]\n\"query.follow\" = \"false\"\n\(names)", to: folder + "/schemathesis.toml")
            let checks = [
                "not_a_server_error", "status_code_conformance", "content_type_conformance",
                "response_schema_conformance",
            ]
            let program = String(cString: getenv("F2S_SCHEMATHESIS"))
            // It stores its examples in the current folder.
            var command = [
                "sh", "-c", "cd '\(folder)' && exec \"$0\" \"$@\"", program, "--config-file",
                folder + "/schemathesis.toml", "run", folder + "/openapi.json",
            ]
            command += ["--url", "http://127.0.0.1:\(port)", "--checks", checks.joined(separator: ",")]
            command += ["--max-examples", "10", "--request-timeout", "20", "--no-color", "--seed", "1"]
            command += fields.flatMap { ["--header", "\($0.0): \($0.1)"] }
            let output = folder + "/output"
            try Files.write("", to: output)
            let process = try ChildProcess(
                command, environment: ["PATH=/usr/bin:/bin", "HOME=\(folder)"], output: output, errors: output)
            defer { process.end() }
            let status = try process.waitForEnd(within: .seconds(600))
            let text = try Files.read(output)
            let count = text.firstMatch(of: #/(\d+) generated, (\d+) passed/#)
            #expect(status == 0, "\(title):\n\(text.suffix(6000))")
            #expect(count.map { $0.1 == $0.2 && (Int($0.1) ?? 0) > 200 } == true, "\(title):\n\(text.suffix(2000))")
            print("must hold 6: \(title), \(isConsole ? "console" : "API"): \(count.map { "\($0.0)" } ?? "a failure")")
        }
    }
}
