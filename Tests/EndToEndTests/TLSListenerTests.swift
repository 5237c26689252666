import ProcessSupport
import Testing

extension EndToEndSerial {
    /// TLS on the listeners, with the real program, its commands and curl.
    @Suite struct TLSListeners {
        /// Writes a self-signed certificate and its key to `tls.crt` and `tls.key` of a folder.
        private func makeCertificate(in folder: String, days: Int = 30) throws {
            let status = try run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "\(days)", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                folder + "/new.key", "-out", folder + "/new.crt",
            ]).status
            #expect(status == 0)
            for name in ["crt", "key"] { try Files.rename("\(folder)/new.\(name)", to: "\(folder)/tls.\(name)") }
        }

        /// Runs a program and returns its exit status and its output.
        private func run(_ command: [String]) throws -> (status: Int, text: String) {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let process = try ChildProcess(
                ["/usr/bin/env"] + command, output: folder.path + "/out", errors: folder.path + "/out")
            defer { process.end() }
            let status = try process.waitForEnd(within: .seconds(30))
            return (status, try Files.read(folder.path + "/out"))
        }

        private func curl(_ arguments: [String], trusting folder: String) throws -> (status: Int, text: String) {
            try run(["curl", "-sS", "-i", "-m", "20", "--cacert", folder + "/tls.crt"] + arguments)
        }

        private func settings(_ folder: String, _ rest: String = "") -> String {
            "f2s:\n  tls: {certificate_file: \(folder)/tls.crt, key_file: \(folder)/tls.key}\n\(rest)"
        }

        @Test(arguments: [1, 2, 4]) func `functions, commands and the console are reached by https`(
            loops: Int
        ) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try makeCertificate(in: folder.path)
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            let users =
                "  auth:\n    types: [basic]\n    basic: [{username: ann, password: x, group: a}]\n"
                + "    authorization: [{group: a, privileges: [\"functions:list\", \"functions:invoke\"]}]\n"
            try await F2SServer.serve(
                [function], settings: settings(folder.path, "  loops: \(loops)\n\(users)"), console: 0
            ) { f2s in
                let server = "https://localhost:\(f2s.port)"
                let ann = ["-u", "ann:x"]
                try eventually("it serves") {
                    try curl(ann + [server + "/invoke/hello"], trusting: folder.path).text.hasPrefix("HTTP/1.1 200")
                }
                let plain = try f2s.get("/invoke/hello")
                #expect(plain.status == 400 && plain.text.contains("use an https:// URL"), "\(plain.text)")

                let credentials = ["F2S_USER=ann", "F2S_PASSWORD=x"]
                let list = ["list", "--server", server]
                let listed = try Command(list + ["--ca-file", folder.path + "/tls.crt"], environment: credentials)
                #expect(listed.status == 0 && listed.text.contains("hello"), "\(listed)")
                let why = try curl(ann + [server + "/functions/hello/why"], trusting: folder.path)
                #expect(why.text.contains("\(server)/invoke/hello"), "\(why.text)")
                let variable = credentials + ["F2S_CA_FILE=\(folder.path)/tls.crt"]
                #expect(try Command(list, environment: variable).status == 0)
                let distrustful = try Command(list, environment: credentials)
                #expect(distrustful.status == 1 && distrustful.errorText.contains("--ca-file"), "\(distrustful)")
                let keyOnly = try Command(list + ["--ca-file", folder.path + "/tls.key"], environment: credentials)
                #expect(keyOnly.status == 1 && keyOnly.errorText.contains("has no certificate"), "\(keyOnly)")

                let console = "https://localhost:\(try f2s.announcedPort(after: "Console at https://127.0.0.1:"))"
                let session = try curl(
                    [
                        "-H", "Origin: \(console)", "--json", #"{"user":"ann","password":"x"}"#,
                        console + "/session",
                    ], trusting: folder.path)
                #expect(session.text.contains("__Host-f2s-session="), "\(session.text)")
                #expect(session.text.contains("; Secure"))
                // A plain request, and a client that did not trust the certificate.
                try eventually("both are counted") { try f2s.metric("f2s_tls_handshakes_failed_total") == 2 }
            }
        }

        @Test func `a renewed certificate is used, and a broken one is not`() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try makeCertificate(in: folder.path)
            let function = try FunctionManifest("hello").with { $0.minReplicas = 1 }
            try await F2SServer.serve([function], settings: settings(folder.path)) { f2s in
                let url = "https://localhost:\(f2s.port)/invoke/hello"
                try eventually("it serves") { try curl([url], trusting: folder.path).status == 0 }
                let before = try f2s.metric("f2s_tls_certificate_expiry_timestamp_seconds")
                try makeCertificate(in: folder.path, days: 60)
                try eventually("the new certificate is used") { try curl([url], trusting: folder.path).status == 0 }
                #expect(try f2s.metric("f2s_tls_certificate_expiry_timestamp_seconds") > before + 86_400)
                let (certificate, key) = (folder.path + "/tls.crt", folder.path + "/tls.key")
                let good = try Files.read(certificate)
                try Files.replace(certificate, with: try Files.read(key))
                try eventually("the error is logged") {
                    f2s.log.contains("f2s.tls.certificate_file (\(certificate)) must hold a certificate")
                }
                try Files.write(good, to: folder.path + "/good.crt")
                let answer = try run(["curl", "-sS", "-m", "20", "--cacert", folder.path + "/good.crt", url])
                #expect(answer.status == 0, "\(answer.text)")
            }
        }

        @Test func `f2s does not start with a key that does not belong to the certificate`() throws {
            let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
            defer { for folder in [one, other] { folder.remove() } }
            for folder in [one, other] { try makeCertificate(in: folder.path) }
            let command = [
                "serve", "--folder", one.path, "--listen", "127.0.0.1:0", "--console", "none", "--operations",
                "127.0.0.1:0",
            ]
            let serve = try Command(
                command,
                environment: [
                    "F2S_TLS_CERTIFICATE_FILE=\(one.path)/tls.crt", "F2S_TLS_KEY_FILE=\(other.path)/tls.key",
                    "TMPDIR=\(one.path)",
                ])
            #expect(serve.status == 1)
            #expect(serve.errorText.contains("f2s.tls.key_file (\(other.path)/tls.key)"), "\(serve.errorText)")
            #expect(serve.errorText.contains("holds another key"), "\(serve.errorText)")
        }
    }
}
