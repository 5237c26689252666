import F2SModel
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

/// The pages of the console, and the sign-in at a provider, to which a browser navigates.
@Suite struct ConsolePageTests {
    /// The headers of a navigation from a page of another site.
    private static let navigation = [
        "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
    ]
    private static let begin = "/session/begin?provider=https%3A%2F%2Fid.example%2Fa%3Fb%3Dc+d"
    private static let callback = "/session/callback?code=a+b%2Bc%2Fd&state=s"
    private static let cookie = ["Cookie": "f2s-signin=pending"]

    private func with(
        _ sessions: StubSessions = StubSessions(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let options = TestServer.Options(
            functions: [try .sample("hello")], authenticator: StubAuthenticator(), sessions: sessions)
        try await TestServer.with(options, body)
    }

    @Test(arguments: [
        ("/", "text/html; charset=utf-8", "no-cache"), ("/page/console.css", "text/css; charset=utf-8", "no-cache"),
        ("/page/main.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/page/callback.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/page/access.md", "text/plain; charset=utf-8", "no-cache"),
        ("/login", "text/html; charset=utf-8", "no-store"),
        ("/login?to=%3Cb%3E&state=s", "text/html; charset=utf-8", "no-store"),
    ])
    func `the files of the page run scripts of the console only`(
        path: String, type: String, cache: String
    ) async throws {
        try await with { server in
            let answer = try await server.sendToConsole("GET", path)
            #expect(answer.status == 200 && !answer.body.isEmpty)
            #expect(answer.headers["content-type"] == type)
            #expect(answer.headers["cache-control"] == cache)
            checkPolicy(answer)
            #expect(answer.headers["set-cookie"] == nil)
        }
    }

    @Test func `a file is sent compressed, and once`() async throws {
        try await with { server in
            let plain = try await server.sendToConsole("GET", "/page/main.js")
            let gzip = try await server.sendToConsole("GET", "/page/main.js", headers: ["Accept-Encoding": "br, gzip"])
            #expect(plain.headers["content-encoding"] == nil && gzip.headers["content-encoding"] == "gzip")
            #expect(plain.headers["vary"] == "Accept-Encoding")
            for (answer, encoding) in [(plain, "identity"), (gzip, "gzip")] {
                let tag = try #require(answer.headers["etag"])
                let again = try await server.sendToConsole(
                    "GET", "/page/main.js", headers: ["If-None-Match": tag, "Accept-Encoding": encoding])
                #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag)
            }
            #expect(plain.headers["etag"] != gzip.headers["etag"])
            for path in ["/page/other.js", "/page/dom.js", "/page/views/login.js", "/page/index.html/..", "/page/"] {
                #expect(try await server.sendToConsole("GET", path).status == 404, "\(path)")
            }
        }
    }

    @Test(arguments: [
        ("gzip", true), ("br, GZIP;q=0.5", true), ("*", true), ("gzip;q=0", false), ("gzip; q=0.0", false),
        ("gzip;q=0.001", true), ("br", false), ("", false),
    ])
    func `gzip is sent to clients that accept it`(field: String, isAccepted: Bool) {
        #expect(PageFile.acceptsGzip(field) == isAccepted)
    }

    @Test func `comments with lines of their own and indentation are not sent`() {
        let source = """
            /*
             * A module.
             */
            import {a} from "./a.js"; // Stays.

            /** One line. */
            function b() {
              // Goes.
              return "/* stays */";
            }

            """
        #expect(
            PageFile.compact(source)
                == "import {a} from \"./a.js\"; // Stays.\nfunction b() {\nreturn \"/* stays */\";\n}\n")
    }

    @Test func `modules are linked in the order of their imports`() {
        let sources = [
            "main.js": "import {a} from \"./a.js\";\nimport {\nview as b,\nother} from \"./views/b-c.js\";\na(b);\n",
            "a.js": "export async function a(x) {\n}\nconst own = 1;\nexport const z = 2;\n",
            "views/b-c.js": "import {z} from \"../a.js\";\nexport class other {\n}\nexport function* view() {}\n",
        ]
        let a = "const $a = (() => {\nasync function a(x) {\n}\nconst own = 1;\nconst z = 2;\nreturn {a, z};\n})();\n"
        let b = "const $views_b_c = (() => {\nconst {z} = $a;\nclass other {\n}\nfunction* view() {}\n"
        let main = "const $main = (() => {\nconst {a} = $a;\nconst {view: b,other} = $views_b_c;\na(b);\n"
        #expect(
            PageScript.link("main.js", of: sources)
                == a + b + "return {other, view};\n})();\n" + main + "return {};\n})();\n")
    }

    @Test func `the page is small, and every file of its folder is embedded`() throws {
        let files = PageFile.all.filter { !$0.key.hasSuffix(".md") }
        let bytes = files.values.reduce(0) { $0 + $1.compressed.readableBytes }
        print("must hold 4: the page has \(files.count) files of \(bytes) bytes, compressed; bar 81920")
        #expect(bytes <= 81_920)
        let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let paths = ["Sources/CWebAssets/page", "docs/guide"].flatMap { folder in
            let found = FileManager.default.enumerator(atPath: repository.appending(path: folder).path)
            return found?.compactMap { $0 as? String } ?? []
        }
        #expect(Set(PageFile.sources.keys) == Set(paths.filter { $0.contains(".") }), "list each file in assets.c")
    }

    @Test func `the scripts keep the rules that their linking needs`() throws {
        for (path, text) in PageFile.sources where path.hasSuffix(".js") {
            let lines = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("*") }
            for line in lines where line.count(where: { $0 == "`" }) % 2 == 1 && !line.contains("//") {
                Issue.record("\(path): a template literal must end in its line: \(line)")
            }
            for line in lines where line.hasPrefix("import ") || line.hasPrefix("export ") {
                let isImport = line.hasPrefix("import {")
                let words = line.split(separator: " ")
                let isExport = ["function", "function*", "async", "const", "class"].contains(words[1])
                #expect(isImport || isExport, "\(path): name what is imported or exported: \(line)")
                #expect(!line.hasPrefix("export const {") && !line.hasPrefix("export const ["), "\(path): \(line)")
            }
            // Types are imported in comments, in braces.
            let code = text.replacing(#/\/\*\*.*?\*\//#.dotMatchesNewlines(), with: "")
            #expect(!code.contains("import("), "\(path)")
        }
        let script = String(buffer: try #require(PageFile.all["main.js"]).text)
        var known: Set<Substring> = []
        for line in script.split(separator: "\n") {
            if let start = line.wholeMatch(of: #/const (\$\w+) = \(\(\) => \{/#) {
                known.insert(start.1)
            } else if let use = line.wholeMatch(of: #/const \{.*\} = (\$\w+);/#) {
                #expect(known.contains(use.1), "a module imports itself through others: \(line)")
            }
        }
        #expect(known.count == PageFile.sources.keys.count(where: { $0.hasSuffix(".js") }) - 2, "a module is not used")
    }

    @Test func `the page lists every guide`() throws {
        let strings = try #require(PageFile.sources["text.js"])
        for guide in PageFile.sources.keys where guide.hasSuffix(".md") {
            #expect(strings.contains("[\"\(guide)\", "), "list it in text.docs.files")
        }
    }

    @Test func `the page contains no script, no style and nothing of other servers`() throws {
        let texts = PageFile.all.filter { !$0.key.hasSuffix(".md") }.mapValues { String(buffer: $0.text) }
        let index = try #require(texts["index.html"])
        #expect(!index.contains("style=") && !index.contains("<style"))
        #expect(!index.contains(#/\son[a-z]+=/#))
        for script in index.matches(of: #/<script([^>]*)>([^<]*)</#) {
            #expect(script.1.contains("src=\"/page/main.js\"") && script.2.isEmpty)
        }
        for (path, text) in texts {
            for part in ["//cdn", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                #expect(!text.contains(part), "\(path): \(part)")
            }
        }
    }

    @Test(arguments: ["/functions", "/session", "/nothing", "/config", "/docs"])
    func `other responses have no origin in a browser`(path: String) async throws {
        try await with { server in
            for headers in [StubSessions.headers("functions:list"), ["Accept": "text/html"]] {
                let answer = try await server.sendToConsole("GET", path, headers: headers)
                let policy = answer.headers["content-security-policy"] ?? ""
                #expect(policy.hasPrefix("sandbox; frame-ancestors 'none'"), "\(path)")
                #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test func `a link of another site leads to the page and the sign-in only`() async throws {
        try await with { server in
            for route in server.consoleRoutes where route.name.hasPrefix("GET ") {
                let path = route.path.replacing("{name}", with: "hello").replacing("{provider}", with: "acme")
                let headers = StubSessions.headers("functions:list").merging(Self.navigation) { $1 }
                    .filter { $0.key != "Origin" }
                let answer = try await server.sendToConsole("GET", path, headers: headers)
                let entries = [
                    "/", "/session/begin", "/session/callback", "/session/callback/acme", "/login", "/docs", "/health",
                ]
                let isEntry = entries.contains(path)
                #expect((answer.status != 403) == isEntry, "\(path): \(answer.status)")
            }
        }
    }

    @Test(arguments: [
        ["Host": "rebound.example:8090"], ["Origin": "http://localhost:8080"], ["Origin": "null"],
        ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
    ])
    func `a page of another origin reads and changes nothing, even with a session`(
        change: [String: String]
    ) async throws {
        try await with { server in
            let before = server.memory.functions.current
            let grants = Privilege.allCases.map(\.rawValue).joined(separator: "|")
            var headers = StubSessions.headers(grants).merging(change) { $1 }
            headers["Content-Type"] = "application/yaml"
            for route in server.consoleRoutes where route.origin != .anywhere {
                let path = route.path.replacing("{name}", with: "hello").replacing("{provider}", with: "acme")
                let answer = try await server.sendToConsole(
                    String(route.name.prefix { $0 != " " }), path, headers: headers, body: manifest("other"))
                #expect(answer.status == 403, "\(route.name)")
                #expect(answer.headers["set-cookie"] == nil)
            }
            #expect(server.memory.functions.current == before)
        }
    }

    @Test func `a browser goes to the provider with a cookie for its return`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let answer = try await server.sendToConsole("GET", Self.begin, headers: Self.navigation)
            #expect(answer.status == 302)
            #expect(answer.headers["location"] == "https://id.example/authorize?state=s")
            #expect(
                answer.headers["set-cookie"]
                    == "f2s-signin=pending; Path=/session/callback; Max-Age=600; HttpOnly; SameSite=Lax")
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090/session/callback"])
            for path in ["/session/begin", "/session/begin?provider=https%3A%2F%2Fevil.example"] {
                let unknown = try await server.sendToConsole("GET", path)
                #expect(unknown.status == 404 && unknown.headers["location"] == nil)
                #expect(unknown.body.contains("No provider with this URL") && unknown.body.contains("href=\"/\""))
                checkPolicy(unknown)
            }
        }
    }

    @Test func `the page after a sign-in is the same for every query and sets nothing`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let headers = Self.navigation.merging(Self.cookie) { $1 }
            let answer = try await server.sendToConsole("GET", Self.callback, headers: headers)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.headers["location"] == nil && answer.headers["refresh"] == nil)
            #expect(answer.headers["set-cookie"] == nil)
            #expect(answer.body.contains(#"<script type="module" src="/page/callback.js"></script>"#))
            #expect(answer.headers["referrer-policy"] == "no-referrer")
            #expect(answer.headers["cache-control"] == "no-store")
            checkPolicy(answer)
            let other = try await server.sendToConsole("GET", "/session/callback?error=%3Cscript%3E", headers: headers)
            #expect(other.body == answer.body)
            #expect(sessions.callbacks.withLock { $0.isEmpty }, "any site can lead a browser here")
        }
    }

    /// Sends the end of a sign-in as the page does.
    private func finish(
        _ server: TestServer, _ query: String, _ headers: [String: String], tab: String = "the-tab-of-the-console",
        at path: String = "/session/callback"
    ) async throws -> Answer {
        let own = ["Content-Type": "application/json", "Origin": "http://localhost:8090"]
        return try await server.sendToConsole(
            "POST", path, headers: own.merging(headers) { $1 },
            body: #"{"query":"\#(query)","tab":"\#(tab)"}"#)
    }

    /// Returns the headers of a sign-in that has begun with another one.
    private static func changed(_ name: String, _ value: String) -> [String: String] {
        cookie.merging([name: value]) { $1 }
    }

    private static let query = "code=a+b%2Bc%2Fd&state=s"

    @Test func `a sign-in begins a session`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let answer = try await finish(server, Self.query, Self.cookie)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains("3600") && answer.body.contains("proof"), "\(answer.body)")
            let cookies = answer.headers["set-cookie"] ?? ""
            #expect(
                cookies.contains("f2s-session=functions:list; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"))
            #expect(cookies.contains("f2s-signin=; Path=/session/callback; Max-Age=0; HttpOnly; SameSite=Lax"))
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090/session/callback"])
        }
    }

    @Test func `a provider may have a URL of its own, which the sign-in is checked by`() async throws {
        let sessions = StubSessions()
        try await with(sessions) { server in
            let own = "/session/callback/acme"
            let page = try await server.sendToConsole("GET", own + "?code=c&state=s", headers: Self.navigation)
            #expect(page.status == 200 && page.body.contains(#"src="/page/callback.js""#))
            checkPolicy(page)
            #expect(try await finish(server, Self.query, Self.cookie, at: own).status == 200)
            #expect(sessions.callbacks.withLock { $0 } == ["http://localhost:8090" + own])
            #expect(try await finish(server, Self.query, Self.cookie, at: own + "/x").status == 404)
        }
    }

    @Test(arguments: [
        (query, [:], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, ["Cookie": "f2s-signin=other"], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, ["Cookie": "__Host-f2s-signin=pending"], "the-tab-of-the-console", 400, "no sign-in that waits"),
        (query, cookie, "another", 400, "This tab has not begun the sign-in"),
        ("code=a&state=t", cookie, "the-tab-of-the-console", 400, "another sign-in"),
        ("error=denied", cookie, "the-tab-of-the-console", 403, "refused the sign-in: denied."),
        (query, changed("Origin", "http://localhost:8080"), "the-tab-of-the-console", 403, "Only pages of the console"),
        (query, changed("Sec-Fetch-Site", "same-site"), "the-tab-of-the-console", 403, "Only pages of the console"),
    ])
    func `a sign-in that fails says why and sets nothing`(
        query: String, headers: [String: String], tab: String, status: Int, reason: String
    ) async throws {
        try await with { server in
            let answer = try await finish(server, query, headers, tab: tab)
            #expect(answer.status == status, "\(answer.body)")
            #expect(answer.problem?.contains(reason) == true, "\(answer.body)")
            #expect(answer.headers["set-cookie"] == nil)
        }
    }

    @Test func `the console invokes nothing, and names the listeners that do`() async throws {
        try await with { server in
            for method in ["GET", "POST"] {
                let answer = try await server.sendToConsole(
                    method, "/invoke/hello", headers: StubSessions.headers("functions:invoke"))
                #expect(answer.status == 404)
                #expect(answer.problem?.contains("http://127.0.0.1:8080/invoke/hello (--listen)") == true)
            }
            #expect(!server.consoleRoutes.contains { $0.path.hasPrefix("/invoke") })
            let metrics = try await server.sendToConsole("GET", "/metrics")
            #expect(metrics.problem?.contains("(--operations)") == true)
            let elsewhere = try await server.send("GET", "/session", headers: ["Authorization": "Bearer "])
            #expect(elsewhere.problem?.contains("http://127.0.0.1:8090/session (--console)") == true)
            // URLs of functions name the public listener, and not the console.
            let services = try await server.sendToConsole(
                "GET", "/services", headers: StubSessions.headers("functions:list"))
            #expect(services.body.contains("http://localhost:8080/invoke/hello"))
        }
    }

    @Test func `the listener of the API leads to the console`() async throws {
        try await with { server in
            for headers in [["Origin": "http://localhost"], ["Sec-Fetch-Site": "same-origin"]] {
                let answer = try await server.send("GET", "/functions", headers: headers)
                #expect(answer.problem?.contains("Use the console at http://localhost:8090/, or f2s") == true)
            }
            let home = try await server.send(
                "GET", "/", headers: ["Accept": "text/html", "Authorization": "Bearer functions:list"])
            #expect(home.body.contains("<a href=\"http://localhost:8090/\">Console</a>"))
        }
        try await TestServer.with { server in
            let answer = try await server.send("GET", "/functions", headers: ["Origin": "null"])
            #expect(answer.problem?.contains("console") == false)
            let home = try await server.send("GET", "/", headers: ["Accept": "text/html"])
            #expect(!home.body.contains("Console"))
        }
    }

    /// Checks that a page runs scripts of the console only, and that it and its URL stay within the console's origin.
    private func checkPolicy(_ answer: Answer) {
        let policy = answer.headers["content-security-policy"]
        #expect(
            policy
                == "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
                + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
        #expect(answer.headers["referrer-policy"] == "no-referrer")
        #expect(answer.headers["cross-origin-opener-policy"] == "same-origin")
        #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
        #expect(answer.headers["x-content-type-options"] == "nosniff")
    }
}
