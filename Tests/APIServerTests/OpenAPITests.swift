import F2SConfig
import F2SMetrics
import F2SModel
import Hummingbird
import Logging
import Testing

@testable import F2SAPIServer

@Suite struct OpenAPITests {
    @Test func `the document describes what the router serves, and nothing else`() async throws {
        try await TestServer.with { server in
            let document = try await server.send("GET", "/docs").json
            var described: Set<String> = []
            for (path, operations) in document["paths"]?.members ?? [:] {
                for method in operations.members.keys { described.insert("\(method.uppercased()) \(path)") }
            }
            let gate = RouteGate(authenticator: StubAuthenticator(), publicAuthority: { "" })
            let router = APIRouter(routes: server.routes, gate: gate, logger: Logger(label: "test")).router()
            #expect(Set(router.routes.map { "\($0.method.rawValue) \($0.path)" }) == described)
            #expect(described.count == server.routes.count)
            // The answers of the router agree with the list, so the list is what is served.
            for entry in described where entry.hasPrefix("GET ") && !entry.contains("{") && !entry.hasSuffix("/events") {
                #expect(try await server.send("GET", String(entry.dropFirst(4))).status == 200, "\(entry)")
            }
        }
    }

    @Test func `the document is whole`() async throws {
        try await TestServer.with { server in
            let document = try await server.send("GET", "/docs").json
            #expect(document["openapi"]?.text?.hasPrefix("3.1") == true)
            #expect(document["info"]?["version"]?.text == "1.2.3")
            let schemas = try #require(document["components"]?["schemas"]?.members)
            var used: Set<String> = []
            collect(document, into: &used)
            #expect(used.isSubset(of: schemas.keys), "\(used.subtracting(schemas.keys)) are missing")
            #expect(Set(schemas.keys).isSubset(of: used), "\(Set(schemas.keys).subtracting(used)) are not used")
            let operations = (document["paths"]?.members ?? [:]).values.flatMap(\.members.values)
            #expect(Set(operations.map { $0["operationId"]?.text }).count == operations.count)
            for operation in operations { #expect(operation["responses"]?["default"] != nil) }
        }
    }

    @Test func `every route says who may use it and where requests may come from`() async throws {
        try await TestServer.with { server in
            for route in server.routes {
                let name = "\(route.method) \(route.path)"
                switch (route.method, route.path) {
                case (.get, "/health"), (.get, "/docs"), (.get, "/"):
                    #expect(route.access == .everybody, "\(name)")
                    #expect(route.origin == .anywhere, "\(name)")
                case (.get, "/config"):
                    #expect(route.access == .holder(of: .settings), "\(name)")
                    #expect(route.origin == .ownHost, "\(name)")
                case (.get, _):
                    #expect(route.access == .holder(of: .read), "\(name)")
                    #expect(route.origin == .ownHost, "\(name)")
                default:
                    #expect(route.access == .holder(of: .write), "\(name)")
                    #expect(route.origin == .ownOrigin, "\(name)")
                }
            }
        }
    }

    @Test func `pages come without anything from elsewhere`() async throws {
        try await TestServer.with { server in
            for path in ["/", "/docs"] {
                let page = try await server.send("GET", path, headers: ["Accept": "text/html"])
                #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
                for foreign in ["http:", "https:", "<script", "src="] { #expect(!page.body.contains(foreign)) }
                for route in server.routes { #expect(page.body.contains(">\(route.path)<"), "\(route.path)") }
            }
            let text = try await server.send("GET", "/")
            #expect(text.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(text.body.contains("/functions/{name}/logs"))
            #expect(DocumentPage.escaped("<a href=\"&\">") == "&lt;a href=&quot;&amp;&quot;&gt;")
        }
    }

    private func collect(_ value: JSON, into names: inout Set<String>) {
        if let name = value["$ref"]?.text?.split(separator: "/"), name.dropLast().last == "schemas" {
            names.insert(String(name.last ?? ""))
        }
        for member in value.members.values { collect(member, into: &names) }
        for item in value.items { collect(item, into: &names) }
    }
}
