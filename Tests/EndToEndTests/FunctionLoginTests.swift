import F2SModel
import ProcessSupport
import Testing

/// The sign-in at functions (`spec.login`) in a real browser, Debian's Chromium (Browser/login.py). The tests measure
/// nothing, so they run beside those of ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct FunctionLoginTests {
    private static let settings = """
        f2s:
          auth:
            types: [basic]
            basic:
              - {username: ann, password: ann-pw, group: callers}
              - {username: bob, password: bob-pw, group: readers}
            authorization:
              - {group: callers, privileges: ["functions:invoke"]}
              - {group: readers, privileges: ["functions:list"]}
        """
    private static let program = F2SBinary.repository + "/Tests/EndToEndTests/Browser/user.py"
    private static let ann = ("Authorization", "Basic YW5uOmFubi1wdw==")

    private func manifest(_ name: String) -> String {
        """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: \(name)}
        spec: {endpoint: /\(name), login: true}
        target: {command: [python3, \(Self.program.jsonText)], minReplicas: 1}
        """
    }

    /// Serves the functions `report` and `other` with a console at this port.
    private func serve(console: Int, _ body: (F2SServer) async throws -> Void) async throws {
        let home = try TemporaryFolder()
        defer { home.remove() }
        let folder = home.path + "/functions"
        try Files.makeFolder(folder)
        for name in ["report", "other"] { try Files.write(manifest(name), to: "\(folder)/\(name).yaml") }
        try await F2SServer.serve(
            folder: folder, home: home.path, settings: Self.settings, options: ["--console", "127.0.0.1:\(console)"]
        ) { f2s in
            for name in ["report", "other"] {
                try eventually("\(name) serves") {
                    try f2s.exchange("GET", "/invoke/\(name)", [Self.ann]).status == 200
                }
            }
            try await body(f2s)
        }
    }

    @Test func `a user signs in once, at the console, and every function with a sign-in knows the user`() async throws {
        let console = try freePort()
        let origin = "http://127.0.0.1:\(console)"
        try await serve(console: console) { f2s in
            let functions = "http://127.0.0.1:\(f2s.port)/invoke"
            let findings = try BrowserScript.run("login.py", [origin, "http://127.0.0.1:\(f2s.port)"])
            #expect(findings["signInAt"]?.text == "\(origin)/")
            #expect(
                findings["first"]?.list.map(\.text) == ["\(functions)/report?year=2026&name=a%20b", "ann", "none"],
                "the function receives the user, and none of the cookies: \(findings)")
            #expect(
                findings["cookies"] == .list([.list([.text("/invoke/report"), .flag(true), .text("Lax")])]),
                "\(findings)")
            #expect(findings["second"]?.list.map(\.text) == ["\(functions)/other", "ann", "none"], "\(findings)")
            #expect(findings["fetch"] == .list([.number(200), .flag(false)]), "\(findings)")
            #expect(findings["fetchWithoutCookie"] == .list([.number(401), .flag(false)]), "\(findings)")
            let reason = findings["reason"]?.text ?? ""
            #expect(reason.contains("signed in as bob") && reason.contains("functions:invoke"), "\(findings)")
            #expect(findings["reasonAt"]?.text?.hasPrefix("\(origin)/login?to=%2Finvoke%2Freport&state=") == true)
            let log = f2s.log
            #expect(log.contains(#""action":"POST /login","function":"report""#), "the audit log names the function")
        }
    }

    @Test func `a browser is led to the sign-in, and other programs get 401`() async throws {
        try await serve(console: try freePort()) { f2s in
            let programs: [[(String, String)]] = [
                [], [("Accept", "*/*")], [("Accept", "application/json")],
                [("Accept", "text/html"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
            ]
            for fields in programs {
                let answer = try f2s.exchange("GET", "/invoke/report", fields)
                #expect(answer.status == 401 && answer["location"] == nil, "\(fields)")
                // A browser that gets the challenge Basic asks for a password by itself.
                let scheme = fields.count == 3 ? "F2S-Session" : "Basic"
                #expect(answer["www-authenticate"]?.hasPrefix(scheme) == true, "\(fields)")
            }
            let navigation = [
                ("Accept", "text/html"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"),
            ]
            let answer = try f2s.exchange("GET", "/invoke/report?a=b", navigation)
            #expect(answer.status == 302 && answer["location"] == "/login?to=%2Finvoke%2Freport%3Fa%3Db")
            #expect(try f2s.exchange("POST", "/invoke/report", navigation).status == 401)
        }
    }
}
