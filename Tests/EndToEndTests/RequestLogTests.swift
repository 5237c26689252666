import F2SModel
import FoundationEssentials
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The access log and the audit log of a real process.
    @Suite struct RequestLogs {
        private static let auth = """
              auth:
                types: [basic]
                basic: [{username: ann, password: right, group: admins}, {username: bob, password: right, group: none}]
                authorization: [{group: admins, privileges: ["functions:invoke", "functions:update"]}]

            """

        private func objects(_ text: String, _ logger: String) throws -> [JSONValue] {
            try text.split(separator: "\n").filter { $0.contains("\"logger\":\"\(logger)\"") }.map {
                try JSONValue(Array($0.utf8))
            }
        }

        private func basic(_ user: String, _ password: String) -> [(String, String)] {
            [("Authorization", "Basic " + Data("\(user):\(password)".utf8).base64EncodedString())]
        }

        @Test func `invocations are on standard output as JSON, and refused ones in the audit log`() async throws {
            let settings = "f2s:\n  access_log: json\n" + Self.auth
            try await F2SServer.serve([try FunctionManifest("one")], settings: settings) { f2s in
                // A record is written after the response, so the next request waits for it.
                for (index, (user, password, status)) in [
                    ("ann", "right", 200), ("ann", "wrong", 401), ("bob", "right", 403),
                ].enumerated() {
                    #expect(try f2s.exchange("GET", "/invoke/one", basic(user, password)).status == status)
                    try eventually("the invocation is logged") { try objects(f2s.output, "access").count == index + 1 }
                }
                #expect(try f2s.exchange("POST", "/functions/one/restart", basic("ann", "right")).status == 202)
                let records = try objects(f2s.output, "access")
                #expect(records.map { $0["status"]?.number } == [200, 401, 403])
                #expect(records.map { $0["user"]?.text } == ["ann", nil, "bob"])
                #expect(records.allSatisfy { $0["client"]?.text == "127.0.0.1" && $0["function"]?.text == "one" })
                let entries = try eventually("the actions are logged") { () -> [JSONValue]? in
                    let entries = try objects(f2s.log, "audit")
                    return entries.count == 3 ? entries : nil
                }
                #expect(entries.map { $0["result"]?.text } == ["refused", "refused", "done"])
                #expect(entries.map { $0["user"]?.text } == [nil, "bob", "ann"])
                #expect(entries.map { $0["claimed_user"]?.text } == ["ann", nil, nil])
                #expect(entries.last?["action"]?.text == "POST /functions/one/restart")
                #expect(!f2s.log.contains("right") && !f2s.output.contains("right"))
            }
        }

        @Test func `a file gets the combined format, also after it was renamed and the settings have changed`()
            async throws
        {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let log = home.path + "/access.log"
            let settings = "f2s:\n  access_log: combined\n  access_log_file: \(log)\n"
            try await F2SServer.serve([try FunctionManifest("one")], settings: settings) { f2s in
                func lines(_ path: String) -> [Substring] { ((try? Files.read(path)) ?? "").split(separator: "\n") }
                #expect(try f2s.get("/invoke/one?a=b").status == 200)
                try eventually("the invocation is logged") { lines(log).count == 1 }
                let line = try #require(lines(log).first)
                #expect(line.hasPrefix("127.0.0.1 - - [") && line.contains("] \"GET /invoke/one?a=b HTTP/1.1\" 200 "))
                try Files.rename(log, to: log + ".1")
                #expect(try f2s.get("/invoke/one").status == 200)
                try eventually("the next one is in a new file") { lines(log).count == 1 }
                #expect(lines(log + ".1").count == 1)
                try f2s.replaceSettings("f2s:\n  access_log: none\n  audit_log_file: \(home.path)/audit.log\n")
                try eventually("changes are recorded without authentication, too") {
                    _ = try f2s.exchange("POST", "/functions/one/restart")
                    return !lines(home.path + "/audit.log").isEmpty
                }
                #expect(try f2s.get("/invoke/one?unlogged").status == 200)
                try f2s.replaceSettings(settings)
                try eventually("the log goes on") {
                    _ = try f2s.get("/invoke/one?logged")
                    return lines(log).contains { $0.contains("?logged") }
                }
                #expect(!lines(log).contains { $0.contains("?unlogged") })
            }
        }
    }
}
