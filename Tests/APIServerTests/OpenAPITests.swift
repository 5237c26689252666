import F2SManifest
import F2SModel
import Logging
import Testing

@testable import F2SAPIServer

@Suite struct OpenAPITests {
    @Test(arguments: TestServer.Listener.allCases)
    func `the document describes exactly the routes that the router serves`(
        listener: TestServer.Listener
    ) async throws {
        try await TestServer.with(TestServer.Options(sessions: StubSessions())) { server in
            let document = try await server.send(to: listener, "GET", "/docs").json
            var described: Set<String> = []
            for (path, operations) in document["paths"]?.members ?? [:] {
                for method in operations.members.keys { described.insert("\(method.uppercased()) \(path)") }
            }
            let gate = RouteGate(
                callers: CallerSource(authenticator: StubAuthenticator(), sessions: nil, trustedProxies: { [] }),
                pages: .none, authorities: { [] }, publicHosts: { [] }, console: { _ in nil })
            let content = ContentReader(bytesMax: { 0 }, timeout: { .zero })
            let routes = listener == .api ? server.routes : server.consoleRoutes
            let router = APIRouter(
                routes: routes, gate: gate, content: content, auditLog: nil, logger: Logger(label: "test"))
            #expect(Set(router.served) == described)
            #expect(router.served.count == described.count)
            let streams = ["GET /events", "GET /changes"]
            // The router of the test has the same routes as the server. A sign-in needs parameters.
            let signIns =
                ["GET /session/begin", "GET /session/callback", "GET /login/callback"]
                + (listener == .api ? ["GET /login"] : [])
            for entry in described
            where entry.hasPrefix("GET ") && !entry.contains("{") && !streams.contains(entry)
                && !signIns.contains(entry)
            {
                let answer = try await server.send(to: listener, "GET", String(entry.dropFirst(4)))
                #expect(answer.status == 200, "\(entry)")
            }
        }
    }

    @Test(arguments: TestServer.Listener.allCases)
    func `the document is complete`(listener: TestServer.Listener) async throws {
        try await TestServer.with(TestServer.Options(sessions: StubSessions())) { server in
            let document = try await server.send(to: listener, "GET", "/docs").json
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

    @Test func `the schema of target has the fields of the manifest with their bounds`() throws {
        guard case .object(let members) = FieldSchema.target else {
            Issue.record("target is a mapping")
            return
        }
        let properties = try #require(OpenAPISchemas.all["Target"]?["properties"])
        #expect(Set(properties.members.keys) == Set(members.map(\.name)))
        #expect(properties["port"] == ["type": "integer", "minimum": 1, "maximum": 65_535, "default": 8080])
        #expect(properties["concurrency"] == ["type": "integer", "minimum": 1, "maximum": 100_000])
        #expect(
            properties["limits"]?["properties"]?["rate"]
                == ["type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000])
        #expect(properties["env"] == ["type": "object", "additionalProperties": ["type": "string"]])
        #expect(
            properties["envFrom"]?["items"]?["properties"] == [
                "configMap": ["type": "string"], "secret": ["type": "string"], "optional": ["type": "boolean"],
            ])
    }

    @Test func `every route declares its callers and the allowed origins`() async throws {
        try await TestServer.with { server in
            for route in server.routes {
                let expected: (APIRoute.Access, OriginRule) =
                    switch route.name {
                    case "GET /health", "GET /docs": (.everybody, .anywhere)
                    case "GET /auth/type", "GET /auth/providers", "GET /login", "GET /login/callback":
                        (.everybody, .ownHost)
                    case "GET /users/me", "GET /auth/signin": (.authenticated, .ownHost)
                    case "POST /auth/signjwt": (.everybody, .noPage)
                    case "GET /users": (.holder(of: .viewSettings), .ownHost)
                    case "GET /config", "GET /tokens": (.holder(of: .viewSettings), .ownHost)
                    case "POST /tokens", "DELETE /tokens/{id}": (.holder(of: .updateSettings), .noPage)
                    case "GET /functions", "GET /overview", "GET /changes", "GET /events":
                        (.partialHolder(of: .list), .ownHost)
                    case "GET /functions/{name}/logs": (.holder(of: .logs), .ownHost)
                    case "POST /functions": (.partialHolder(of: .create), .noPage)
                    case "PUT /functions/{name}": (.partialHolder(of: .update, or: [.create]), .noPage)
                    case "DELETE /functions/{name}": (.holder(of: .delete), .noPage)
                    case "POST /functions/{name}/restart": (.holder(of: .update), .noPage)
                    case "PUT /functions/{name}/secrets/{secret}", "DELETE /functions/{name}/secrets/{secret}":
                        (.holder(of: .update), .noPage)
                    case "POST /functions/{name}/start", "POST /functions/{name}/invocations":
                        (.holder(of: .invoke), .noPage)
                    case "POST /manifests": (.partialHolder(of: .list, or: [.create, .update]), .noPage)
                    case let name where name.hasPrefix("GET "): (.holder(of: .list), .ownHost)
                    // No route has this access: a new one fails until it is listed above.
                    default: (.holder(of: .expose), .noPage)
                    }
                #expect(route.access == expected.0, "\(route.name)")
                #expect(route.origin == expected.1, "\(route.name)")
            }
        }
    }

    @Test func `the console has the routes of the API, another page, and the routes of sessions`() async throws {
        try await TestServer.with(TestServer.Options(sessions: StubSessions())) { server in
            let own = [
                "GET /": OriginRule.entry, "GET /page/{file}": .ownHost,
                "GET /session": .ownHost, "POST /session": .noPage,
                "DELETE /session": .noPage, "GET /session/begin": .entry, "GET /session/callback": .entry,
                "POST /session/callback": .noPage, "GET /session/callback/{provider}": .entry,
                "POST /session/callback/{provider}": .noPage, "GET /login": .entry,
                "POST /login": .noPage,
            ]
            let shared = server.routes.filter { !["GET /", "GET /login", "GET /login/callback"].contains($0.name) }
            #expect(Set(server.consoleRoutes.map(\.name)) == Set(own.keys).union(shared.map(\.name)))
            for route in server.consoleRoutes {
                if let origin = own[route.name] {
                    let access: APIRoute.Access = route.name == "POST /login" ? .authenticated : .everybody
                    #expect(route.access == access && route.origin == origin, "\(route.name)")
                } else {
                    let twin = try #require(shared.first { $0.name == route.name })
                    #expect(route.access == twin.access && route.origin == twin.origin, "\(route.name)")
                }
            }
        }
    }

    @Test func `pages load nothing from other servers`() async throws {
        try await TestServer.with { server in
            for path in ["/", "/docs"] {
                let page = try await server.send("GET", path, headers: ["Accept": "text/html"])
                #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["content-security-policy"]?.contains("; default-src 'none'") == true)
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
