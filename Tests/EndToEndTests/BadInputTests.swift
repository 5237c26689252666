import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Every kind of bad input gets a clear problem and does not affect other functions.
    @Suite struct BadInput {
        /// A declaration that must be rejected.
        struct Bad: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let bytes: [UInt8]
            /// The texts that the problem must contain.
            let mentions: [String]

            init(_ description: String, _ text: String, mentions: [String]) {
                self.init(description, Array(text.utf8), mentions: mentions)
            }

            init(_ description: String, _ bytes: [UInt8], mentions: [String]) {
                testDescription = description
                self.bytes = bytes
                self.mentions = mentions
            }
        }

        private static func manifest(name: String = "bad", _ target: String) -> String {
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: "\(name)"}
            spec: {endpoint: /bad}
            target: {command: [serve], \(target)}

            """
        }

        private static let bomb = """
            a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]
            b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
            d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
            e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
            f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
            g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]
            h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g]
            i: &i [*h, *h, *h, *h, *h, *h, *h, *h, *h]

            """

        static let declarations = [
            Bad("a YAML bomb", bomb, mentions: []),
            Bad("deep nesting", "a: " + String(repeating: "[", count: 100_000), mentions: []),
            Bad(
                "10 MB", manifest("env: {A: \"" + String(repeating: "x", count: 10_000_000) + "\"}"),
                mentions: ["bytes"]),
            Bad(
                "no UTF-8", Array("metadata: {name: ".utf8) + [0xFF, 0xFE, 0x80] + Array("}\n".utf8),
                mentions: ["UTF-8"]),
            Bad(
                "an unknown field", manifest("maxReplica: 3"), mentions: ["target.maxReplica", "maxReplicas"]),
            Bad("a path escape in the name", manifest(name: "../../escaped", ""), mentions: ["metadata.name"]),
            Bad("a zero byte in the name", manifest(name: "a\\0b", ""), mentions: ["metadata.name"]),
            Bad("negative minReplicas", manifest("minReplicas: -1"), mentions: ["target.minReplicas", "-1"]),
            Bad("negative maxReplicas", manifest("maxReplicas: -5"), mentions: ["target.maxReplicas", "-5"]),
            Bad("negative concurrency", manifest("concurrency: -3"), mentions: ["target.concurrency", "-3"]),
            Bad("a negative port", manifest("port: -1"), mentions: ["target.port", "-1"]),
            Bad("a negative timeout", manifest("timeout: -5s"), mentions: ["target.timeout", "-5s"]),
            Bad(
                "a path escape in the endpoint", manifest("").replacing("/bad", with: "/../x"),
                mentions: ["spec.endpoint"]),
            Bad("a space in the endpoint", manifest("endpoint: \"/a b\""), mentions: ["target.endpoint"]),
            Bad(
                "control characters in the name", manifest(name: "a\\e[31m\\r\\nforged: a line", ""),
                mentions: ["metadata.name"]),
            Bad("no text at all", "", mentions: []),
            Bad("another kind", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", mentions: ["kind"]),
        ]

        @Test func `a bad declaration is rejected by the REST API with a clear problem`() async throws {
            try await F2SServer.serve([try FunctionManifest("sound")]) { f2s in
                for bad in Self.declarations {
                    let answer = try f2s.exchange(
                        "POST", "/functions", [("Content-Type", "application/yaml")], body: bad.bytes)
                    print("bad input, \(bad.testDescription): \(answer.status) \(answer.text.prefix(200))")
                    #expect([400, 413, 422].contains(answer.status), "\(bad.testDescription)")
                    #expect(answer["content-type"] == "application/problem+json", "\(bad.testDescription)")
                    for mention in bad.mentions {
                        #expect(answer.text.contains(mention), "\(bad.testDescription): \(answer.text.prefix(500))")
                    }
                }
                try Self.expectSound(f2s)
            }
        }

        @Test func `a bad file is rejected by name and the other files work`() async throws {
            try await F2SServer.serve([try FunctionManifest("sound")]) { f2s in
                // A file without a Function of F2S is not a declaration.
                let bads = Self.declarations.filter {
                    String(decoding: $0.bytes, as: UTF8.self).contains("kind: Function")
                }
                for (number, bad) in bads.enumerated() {
                    try Files.write(bad.bytes, to: "\(f2s.folder)/bad-\(number).yaml")
                }
                for location in ["one", "two"] {
                    let twin = try FunctionManifest("twin").with { $0.environment = ["PLACE": location] }
                    try Files.write(twin.yaml, to: "\(f2s.folder)/twin-\(location).yaml")
                }
                let rejections = try eventually("every bad file is rejected") {
                    let found = try f2s.get("/cluster").json["rejections"]?.list ?? []
                    return Set(found.compactMap { $0["location"]?.text }).count == bads.count + 1 ? found : nil
                }
                for (number, bad) in bads.enumerated() {
                    let messages = rejections.filter { $0["location"]?.text == "bad-\(number).yaml" }
                        .compactMap { $0["message"]?.text }.joined(separator: "\n")
                    for mention in bad.mentions {
                        #expect(messages.contains(mention), "\(bad.testDescription): \(messages)")
                    }
                }
                let twin = rejections.filter { $0["location"]?.text?.hasPrefix("twin-") == true }
                #expect(twin.count == 1)
                #expect(twin.first?["message"]?.text?.contains("twin") == true)
                print("bad input, two of one name: \(twin.first?["message"]?.text ?? "")")
                #expect(try f2s.get("/invoke/twin").status == 200, "one of the two serves")
                #expect(!f2s.log.contains("\u{1B}"), "a manifest cannot control the terminal of a log's reader")
                #expect(!f2s.log.contains("\nforged"), "a manifest cannot forge lines of the log")
                try Self.expectSound(f2s)
            }
        }

        private static func expectSound(_ f2s: F2SServer) throws {
            #expect(try f2s.get("/invoke/sound").status == 200)
            let peak = try ProcessTable.kibibytes("VmHWM", of: f2s.process.id)
            print("bad input: peak memory \(peak) KiB")
            #expect(peak < 256 * 1024)
        }

        @Test func `a second declaration of one name is a conflict`() async throws {
            try await F2SServer.serve([]) { f2s in
                let function = try FunctionManifest("once")
                #expect(try f2s.declare(function.yaml).status == 201)
                let answer = try f2s.declare(function.yaml)
                #expect(answer.status == 409)
                #expect(try answer.json["detail"]?.text?.contains("once") == true)
                let both = function.yaml + "---\n" + function.yaml
                #expect(try f2s.declare(both).status == 422)
                #expect(try f2s.get("/invoke/once").status == 200)
            }
        }

        @Test func `a name in the path cannot leave the folder`() async throws {
            try await F2SServer.serve([]) { f2s in
                let function = try FunctionManifest("inside")
                for name in ["..%2F..%2Fescaped", "%2e%2e", "..", "a%00b", "A", "%FF"] {
                    for method in ["GET", "PUT", "DELETE"] {
                        let answer = try f2s.declare(function.yaml, method, "/functions/\(name)")
                        #expect([400, 404, 405, 422].contains(answer.status), "\(method) \(name)")
                        #expect(answer["content-type"] == "application/problem+json", "\(method) \(name)")
                    }
                }
                #expect(Files.names(in: f2s.folder).isEmpty)
            }
        }

        @Test func `a foreign web page cannot declare a function`() async throws {
            try await F2SServer.serve([]) { f2s in
                let yaml = try FunctionManifest("planted").yaml
                let json = [("Content-Type", "application/yaml")]
                let attempts: [(what: String, fields: [(String, String)])] = [
                    ("text/plain", [("Content-Type", "text/plain")]),
                    ("a form", [("Content-Type", "application/x-www-form-urlencoded")]),
                    ("no type", []),
                    ("a foreign Origin", json + [("Origin", "http://evil.example")]),
                    ("another port's Origin", json + [("Origin", "http://localhost:1")]),
                    ("Origin null", json + [("Origin", "null")]),
                    ("a foreign Host", json + [("Host", "evil.example")]),
                    ("a foreign Host with our port", json + [("Host", "evil.example:\(f2s.port)")]),
                    ("a cross-site fetch", json + [("Sec-Fetch-Site", "cross-site")]),
                    ("a simple cross-site POST", [("Content-Type", "text/plain"), ("Origin", "http://evil.example")]),
                ]
                for attempt in attempts {
                    let answer = try f2s.exchange("POST", "/functions", attempt.fields, body: Array(yaml.utf8))
                    print("cross-site, \(attempt.what): \(answer.status) \(try answer.json["title"]?.text ?? "")")
                    #expect(answer.status == 403, "\(attempt.what)")
                    #expect(answer["content-type"] == "application/problem+json", "\(attempt.what)")
                }
                #expect(Files.names(in: f2s.folder).isEmpty)
                #expect(try f2s.get("/invoke/planted").status == 404)
                // A page of the same origin may come from a function, so it is rejected; clients that are not web pages
                // are accepted.
                let host = [("Host", "localhost:\(f2s.port)")]
                let own = json + host + [("Origin", "http://localhost:\(f2s.port)")]
                #expect(try f2s.exchange("POST", "/functions", own, body: Array(yaml.utf8)).status == 403)
                #expect(try f2s.exchange("POST", "/functions", json + host, body: Array(yaml.utf8)).status == 201)
            }
        }
    }
}
