import Glibc
import ProcessSupport
import Testing

/// `f2s login` at a real OpenID provider. The tests wait most of the time, so they run beside those of
/// ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct LoginTests {
    private static func settings(_ provider: OpenIDProvider) -> String {
        """
        f2s:
          auth:
            types: [oidc]
            oidc:
              - issuer: \(provider.url(.rs256))
                claims: {scope: invoke}
                user_claim: preferred_username
                groups_prefix: 'id:'
                command_line: {client_id: cli, scopes: [openid, groups, invoke]}
            authorization: [{group: 'id:admins', privileges: ["functions:list"]}]
        """
    }

    /// Runs `f2s login` until it shows its page, has the user sign in there, and returns what the command has written.
    private func login(
        as user: String, at provider: OpenIDProvider, home: String, _ f2s: F2SServer
    ) throws -> (status: Int, text: String, errors: String) {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let (output, errors) = (place.path + "/out", place.path + "/err")
        let process = try ChildProcess(
            [try Workshop.current.f2s, "login"],
            environment: ["HOME=\(home)", "F2S_SERVER=http://127.0.0.1:\(f2s.port)"], output: output, errors: errors)
        defer { process.end() }
        let line = try eventually("the command shows a page and a code") { () -> Substring? in
            let lines = try Files.read(errors).split(separator: "\n")
            return lines.first { $0.hasPrefix("Open ") && $0.contains(" code ") }
        }
        let words = line.split(separator: " ")
        let page = String(words[1])
        let code = try #require(words.last)
        try provider.enterCode(page.contains("code=") ? page : page + "?code=\(code)", as: user)
        let status = try process.waitForEnd(within: .seconds(30))
        return (status, try Files.read(output), try Files.read(errors))
    }

    @Test func `a user signs in with a code, uses the commands, and signs out`() async throws {
        let home = try TemporaryFolder()
        defer { home.remove() }
        let environment = ["HOME=\(home.path)"]
        let file = home.path + "/.config/f2s/credentials.json"
        try await OpenIDProvider.run { provider in
            try await F2SServer.serve([try FunctionManifest("hello")], settings: Self.settings(provider)) { f2s in
                #expect(try Command(["list"], environment: environment, server: f2s).status == 1)
                let done = try login(as: "alice", at: provider, home: home.path, f2s)
                #expect(done.status == 0, "\(done.errors)")
                #expect(done.text == "signed in to http://127.0.0.1:\(f2s.port) as alice\n")
                var status = stat()
                #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
                let list = try Command(["list"], environment: environment, server: f2s)
                #expect(list.status == 0 && list.text.contains("hello"), "\(list.errorText)")

                // An expired token is renewed, and the new one is stored.
                let before = try Files.read(file)
                try Files.write(
                    before.replacing(try Regex(#""expiresAt" : [0-9.]+"#), with: #""expiresAt" : 1000"#), to: file)
                let renewed = try Command(["list"], environment: environment, server: f2s)
                #expect(renewed.status == 0, "\(renewed.errorText)")
                let after = try Files.read(file)
                #expect(after != before && !after.contains(#""expiresAt" : 1000,"#))
                #expect(
                    Files.names(in: home.path + "/.config/f2s").sorted() == ["credentials.json", "credentials.lock"])

                // Another server does not get the token, even if it is the same one by another name.
                let other = try Command(
                    ["list", "--server", "http://localhost:\(f2s.port)"], environment: environment)
                #expect(other.status == 1 && other.errorText.contains("Credentials are missing"), "\(other.errorText)")

                chmod(file, 0o644)
                let open = try Command(["list"], environment: environment, server: f2s)
                #expect(open.status == 1 && open.errorText.contains("chmod 600"), "\(open.errorText)")
                chmod(file, 0o600)

                let out = try Command(["logout"], environment: environment, server: f2s)
                #expect(out.status == 0 && out.text.hasPrefix("signed out"), "\(out.errorText)")
                #expect(try !Files.read(file).contains("accessToken"))
                #expect(try Command(["list"], environment: environment, server: f2s).status == 1)
            }
        }
    }

    @Test func `a user whom the server does not accept is not signed in`() async throws {
        let home = try TemporaryFolder()
        defer { home.remove() }
        try await OpenIDProvider.run { provider in
            let settings = Self.settings(provider).replacing("claims: {scope: invoke}", with: "audience: other")
            try await F2SServer.serve([try FunctionManifest("hello")], settings: settings) { f2s in
                let refused = try login(as: "bob", at: provider, home: home.path, f2s)
                #expect(refused.status == 1 && refused.text.isEmpty, "\(refused.text)")
                #expect(refused.errors.contains("audience"), "\(refused.errors)")
                #expect(Files.names(in: home.path + "/.config/f2s").isEmpty)
            }
        }
    }

    @Test func `without a provider for the command line, the error names the other ways`() async throws {
        try await F2SServer.serve([try FunctionManifest("hello")]) { f2s in
            let command = try Command(["login"], environment: ["HOME=/nonexistent"], server: f2s)
            #expect(command.status == 1 && command.errorText.contains("F2S_TOKEN"), "\(command.errorText)")
        }
    }
}
