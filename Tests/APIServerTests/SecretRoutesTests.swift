import F2SModel
import Synchronization
import Testing

@testable import F2SAPIServer

/// The routes that write Secrets of functions, and never read one.
@Suite struct SecretRoutesTests {
    /// Stores Secrets in memory.
    private final class StubSecrets: FunctionSecretWriter {
        /// The values of each Secret, by its name.
        let stored = Mutex<[String: [String: Secret]]>([:])
        private let error: FunctionSecretError?

        init(failing error: FunctionSecretError? = nil) { self.error = error }

        func write(
            _ values: [String: Secret], to name: FunctionSecretName, of function: Function
        ) async throws(FunctionSecretError) -> Bool {
            if let error { throw error }
            return stored.withLock { $0.updateValue(values, forKey: name.objectName) == nil }
        }

        func delete(_ name: FunctionSecretName, of function: Function) async throws(FunctionSecretError) {
            if let error { throw error }
            guard stored.withLock({ $0.removeValue(forKey: name.objectName) }) != nil else { throw .notFound(name) }
        }
    }

    private static let path = "/functions/hello/secrets/keys"
    private static let namespace = "run-here"

    private static func options(_ writer: StubSecrets?) throws -> TestServer.Options {
        var options = TestServer.Options(functions: [try .sample("hello")])
        options.secrets = FunctionSecrets(namespace: namespace, writer: writer)
        return options
    }

    private func put(
        _ body: String, _ server: TestServer, to path: String = path, type: String = "application/json"
    ) async throws -> Answer {
        try await server.send("PUT", path, headers: ["Content-Type": type], body: body)
    }

    @Test func `a Secret is created, replaced and deleted, and no answer contains a value`() async throws {
        let secrets = StubSecrets()
        try await TestServer.with(try Self.options(secrets)) { server in
            let created = try await put(#"{"data": {"B_KEY": "hidden-1", "a.b-c": "hidden\n2"}}"#, server)
            #expect(created.status == 201 && created.headers["cache-control"] == "no-store")
            let answer = try created.json
            #expect(answer["name"]?.text == "f2s-secret-hello.keys" && answer["namespace"]?.text == Self.namespace)
            #expect(answer["keys"] == ["B_KEY", "a.b-c"])
            #expect(
                secrets.stored.withLock { $0 }
                    == ["f2s-secret-hello.keys": ["B_KEY": Secret("hidden-1"), "a.b-c": Secret("hidden\n2")]])

            let replaced = try await put(#"{"data": {"OTHER": "hidden-3"}}"#, server)
            #expect(replaced.status == 200)
            #expect(try replaced.json["keys"] == ["OTHER"])
            #expect(secrets.stored.withLock { $0["f2s-secret-hello.keys"]?.keys.sorted() } == ["OTHER"])
            for answer in [created, replaced] { #expect(!answer.body.contains("hidden")) }

            #expect(try await server.send("DELETE", Self.path).status == 204)
            #expect(secrets.stored.withLock { $0.isEmpty })
            #expect(try await server.send("DELETE", Self.path).status == 404)
        }
    }

    @Test func `no method reads a Secret`() async throws {
        try await TestServer.with(try Self.options(StubSecrets())) { server in
            #expect(try await put(#"{"data": {"KEY": "hidden"}}"#, server).status == 201)
            for method in ["GET", "HEAD", "POST", "PATCH"] {
                let answer = try await server.send(method, Self.path)
                #expect(answer.status == 405 && answer.headers["allow"] == "DELETE, PUT", "\(method)")
            }
            #expect(try await server.send("GET", "/functions/hello/secrets").status == 404)
            for path in ["/functions/hello", "/cluster", "/config"] {
                #expect(try await !server.send("GET", path).body.contains("hidden"), "\(path)")
            }
        }
    }

    @Test(
        arguments: [
            ("", "JSON object"), ("[]", "JSON object"), (#"{"data": "hidden"}"#, "JSON object"),
            (#"{"data": {"KEY": 7}}"#, "JSON object"), (#"{"data": {"KEY": null}}"#, "JSON object"),
            ("{}", "no keys"), (#"{"data": {}}"#, "no keys"),
            (#"{"data": {"KEY": "hidden"}, "stringData": {}}"#, "unknown member stringData"),
            (#"{"data": {"": "hidden"}}"#, "letters, digits"), (#"{"data": {"A B": "hidden"}}"#, "letters, digits"),
            (#"{"data": {"ä": "hidden"}}"#, "letters, digits"), (#"{"data": {"..a": "hidden"}}"#, "two dots"),
            (#"{"data": {".": "hidden"}}"#, "letters, digits"), (#"{"data": {"A/B": "hidden"}}"#, "letters, digits"),
            (#"{"data": {"KEY": "hidden\u0000"}}"#, "The value of KEY has a zero byte"),
            ("{\"data\": {\"\(String(repeating: "k", count: 254))\": \"hidden\"}}", "253 letters"),
        ])
    func `a body that is malformed is rejected with the reason and without a value`(
        body: String, reason: String
    ) async throws {
        let secrets = StubSecrets()
        try await TestServer.with(try Self.options(secrets)) { server in
            let answer = try await put(body, server)
            #expect(answer.status == 400)
            #expect(answer.problem?.contains(reason) == true, "\(answer.body)")
            #expect(!answer.body.contains("hidden"))
            #expect(secrets.stored.withLock { $0.isEmpty })
        }
    }

    @Test func `the longest key, an empty value and almost a mebibyte are accepted, and more is not`() async throws {
        try await TestServer.with(try Self.options(StubSecrets())) { server in
            let key = String(repeating: "k", count: 253)
            let longest = try await put("{\"data\": {\"\(key)\": \"\"}}", server)
            #expect(longest.status == 201)
            let bytes = 1024 * 1024 - #"{"data":{"K":""}}"#.utf8.count
            let largest = #"{"data":{"K":"\#(String(repeating: "v", count: bytes))"}}"#
            #expect(try await put(largest, server).status == 200)
            #expect(try await put(largest + " ", server).status == 413)
            #expect(try await put(#"{"data": {"KEY": "v"}}"#, server, type: "application/yaml").status == 415)
        }
    }

    @Test(arguments: [
        ("/functions/other/secrets/keys", 404), ("/functions/hello/secrets/Keys", 400),
        ("/functions/hello/secrets/a.b", 400), ("/functions/hello/secrets/-a", 400),
    ])
    func `a function that does not exist, and a malformed name, are rejected`(path: String, status: Int) async throws {
        let secrets = StubSecrets()
        try await TestServer.with(try Self.options(secrets)) { server in
            let answer = try await put(#"{"data": {"KEY": "v"}}"#, server, to: path)
            #expect(answer.status == status)
            #expect(try await server.send("DELETE", path).status == status)
            #expect(secrets.stored.withLock { $0.isEmpty })
        }
    }

    @Test func `without the right to write, the problem contains the value of the chart and the command`() async throws
    {
        try await TestServer.with(try Self.options(nil)) { server in
            let command =
                "kubectl --namespace run-here create secret generic hello-keys --from-literal=KEY=VALUE"
            for answer in [
                try await put(#"{"data": {"KEY": "hidden"}}"#, server), try await server.send("DELETE", Self.path),
            ] {
                #expect(answer.status == 409)
                #expect(try answer.json["reason"]?.text == "SecretsNotEnabled")
                for part in ["functionSecrets.enabled", "target.envFrom", command] {
                    #expect(answer.problem?.contains(part) == true, "\(answer.body)")
                }
            }
        }
    }

    @Test func `a platform without Secrets names the alternatives`() async throws {
        try await TestServer.with(TestServer.Options(functions: [try .sample("hello")])) { server in
            let answer = try await put(#"{"data": {"KEY": "hidden"}}"#, server)
            #expect(answer.status == 409 && answer.problem?.contains("target.env") == true)
            #expect(try answer.json["reason"]?.text == "NeedsKubernetes")
            #expect(try await server.send("GET", "/cluster").json["secrets"] == nil)
        }
    }

    @Test(arguments: [true, false])
    func `the installation tells the namespace of Secrets, and if the API writes them`(isWritable: Bool) async throws {
        try await TestServer.with(try Self.options(isWritable ? StubSecrets() : nil)) { server in
            let secrets = try await server.send("GET", "/cluster").json["secrets"]
            #expect(secrets == ["namespace": "run-here", "isWritable": .bool(isWritable)])
        }
    }

    @Test func `an error of the platform has its status and its remedy`() async throws {
        let name = try FunctionSecretName("keys", of: FunctionName("hello"))
        let errors: [(FunctionSecretError, Int, String)] = [
            (.foreign(kind: "Secret", name, namespace: "run"), 409, "delete secret f2s-secret-hello.keys"),
            (.notAllowed(name), 403, "f2s.allowed_secrets"), (.notFound(name), 404, "no Secret keys for hello"),
            (.forbidden("secrets is forbidden", name, namespace: "run"), 403, "functionSecrets.enabled"),
            (.refused("too long"), 422, "too long."), (.unavailable("down"), 503, "down. Repeat"),
        ]
        for (error, status, remedy) in errors {
            try await TestServer.with(try Self.options(StubSecrets(failing: error))) { server in
                let answer = try await put(#"{"data": {"KEY": "hidden"}}"#, server)
                #expect(answer.status == status && answer.problem?.contains(remedy) == true, "\(answer.body)")
                #expect(try await server.send("DELETE", Self.path).status == status)
            }
        }
    }
}
