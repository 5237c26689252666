import F2SManifest
import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct FunctionRoutesTests {
    @Test func `a function is declared, read, replaced and deleted`() async throws {
        try await TestServer.with { server in
            let created = try await server.send("POST", "/functions", yaml: manifest("hello"))
            #expect(created.status == 201)
            #expect(created.headers["location"] == "/functions/hello")
            let first = try #require(created.headers["etag"])
            #expect(try created.json["metadata"]?["name"] == "hello")

            let read = try await server.send("GET", "/functions/hello")
            #expect(read.status == 200)
            #expect(read.headers["etag"] == first)
            #expect(read.headers["content-type"] == "application/json")
            #expect(read.headers["cache-control"] == "no-store")
            #expect(read.headers["x-content-type-options"] == "nosniff")
            #expect(read.body == created.body)

            let replaced = try await server.send("PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 9))
            #expect(replaced.status == 200)
            #expect(replaced.headers["location"] == nil)
            #expect(replaced.headers["etag"] != first)
            #expect(server.memory.functions.current.functions.first?.target.maxReplicas == 9)

            let deleted = try await server.send("DELETE", "/functions/hello")
            #expect(deleted.status == 204)
            #expect(deleted.body.isEmpty)
            #expect(try await server.send("GET", "/functions/hello").status == 404)
            #expect(try await server.send("DELETE", "/functions/hello").status == 404)
        }
    }

    @Test func `a function that was read can be written again, as JSON and as YAML`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            for (accept, path) in [
                ("application/yaml", "/functions/hello"), ("application/json", "/functions/hello"),
                ("application/json", "/functions/hello?output=yaml"),
                ("application/yaml", "/functions/hello?output=json"),
            ] {
                let read = try await server.send("GET", path, headers: ["Accept": accept])
                let type = try #require(read.headers["content-type"])
                #expect(type.hasSuffix(path.contains("output=") ? String(path.suffix(4)) : String(accept.suffix(4))))
                let etag = try #require(read.headers["etag"])
                let written = try await server.send(
                    "PUT", "/functions/hello", headers: ["Content-Type": type, "If-Match": etag], body: read.body)
                #expect(written.status == 200)
                #expect(written.headers["etag"] == etag)
            }
        }
    }

    @Test func `a list in pages is complete, whatever is declared and deleted between them`() async throws {
        let names = (0..<25).map { "f\($0 + 10)" }
        try await TestServer.with(.init(functions: try names.map { try .sample($0) })) { server in
            var (found, token, pages): ([String], String?, Int) = ([], nil, 0)
            repeat {
                let query = token.map { "&continue=\($0)" } ?? ""
                let page = try await server.send("GET", "/functions?limit=10\(query)").json
                let items = try #require(page["items"]?.items)
                found += items.compactMap { $0["metadata"]?["name"]?.text }
                token = page["metadata"]?["continue"]?.text
                pages += 1
                guard pages == 1 else { continue }
                #expect(page["metadata"]?["remainingItemCount"] == 15)
                // The last function of this page is deleted, and another one is declared that belongs before it.
                #expect(try await server.send("DELETE", "/functions/f19").status == 204)
                #expect(try await server.send("POST", "/functions", yaml: manifest("ape")).status == 201)
            } while token != nil
            #expect(pages == 3)
            #expect(found == names)
            let yaml = try await server.send("GET", "/functions?limit=1&output=yaml").body
            #expect(yaml.contains("metadata:\n  continue: ape\n  remainingItemCount: 24\nitems:\n"), "\(yaml)")
            for query in ["limit=0", "limit=x"] {
                #expect(try await server.send("GET", "/functions?\(query)").status == 400)
            }
        }
    }

    @Test func `the list is in alphabetical order, as JSON and as YAML`() async throws {
        try await TestServer.with(.init(functions: [.sample("zebra"), .sample("ape")])) { server in
            let list = try await server.send("GET", "/functions").json
            #expect(list["kind"] == "FunctionList")
            #expect(list["items"]?.items.map { $0["metadata"]?["name"]?.text } == ["ape", "zebra"])
            let yaml = try await server.send("GET", "/functions?output=yaml")
            #expect(yaml.headers["content-type"] == "application/yaml")
            let contents = ManifestReader().read(Array(yaml.body.utf8), location: "list")
            #expect(contents.documents.map(\.draft.name.text) == ["ape", "zebra"])
            #expect(contents.rejections.isEmpty)
        }
    }

    @Test(arguments: ["/functions", "/functions/hello", "/functions/hello?output=yaml"])
    func `a client with the newest version receives 304 until something changes`(path: String) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let tag = try #require(try await server.send("GET", path).headers["etag"])
            for known in [tag, "W/\(tag)", "\"0\" , \(tag)", "*"] {
                for method in ["GET", "HEAD"] {
                    let again = try await server.send(method, path, headers: ["If-None-Match": known])
                    #expect(again.status == 304)
                    #expect(again.headers["etag"] == tag)
                    #expect(again.body.isEmpty)
                }
            }
            #expect(try await server.send("GET", path, headers: ["If-None-Match": "\"0\""]).status == 200)
            _ = try await server.send("PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 7))
            let changed = try await server.send("GET", path, headers: ["If-None-Match": tag])
            #expect(changed.status == 200)
            #expect(changed.headers["etag"] != tag)
        }
    }

    @Test(arguments: ["//functions", "/functions//hello", "/functions//", "//"])
    func `a path with an empty segment is not found`(path: String) async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let answer = try await server.send("GET", path)
            #expect(answer.status == 404)
            #expect(answer.problem != nil)
        }
    }

    @Test func `a tag changes with the status, but still contains the stored version`() {
        let revision = StoreRevision("7")
        let (first, second) = (Validator(revision, json: "a"), Validator(revision, json: "b"))
        #expect(first != second)
        #expect(EntityTags(first.tag) == .versions([revision]))
        #expect(EntityTags(second.tag) == .versions([revision]))
    }

    @Test func `two editors cannot overwrite each other`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let seen = try #require(try await server.send("GET", "/functions/hello").headers["etag"])
            let mine = try await server.send(
                "PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 7), headers: ["If-Match": seen])
            #expect(mine.status == 200)
            let theirs = try await server.send(
                "PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 8), headers: ["If-Match": seen])
            #expect(theirs.status == 412)
            #expect(theirs.problem?.contains("If-Match") == true)
            #expect(try await server.send("DELETE", "/functions/hello", headers: ["If-Match": seen]).status == 412)
            #expect(server.memory.functions.current.functions.first?.target.maxReplicas == 7)
            let now = try #require(mine.headers["etag"])
            #expect(
                try await server.send("DELETE", "/functions/hello", headers: ["If-Match": "\"0\", \(now)"]).status
                    == 204)
        }
    }

    @Test(
        arguments: [
            ("new", [:], 201), ("new", ["If-None-Match": "*"], 201), ("new", ["If-Match": "*"], 412),
            ("new", ["If-Match": "\"1\""], 412), ("new", ["If-Match": "\"1\", \"2\""], 412),
            ("old", ["If-None-Match": "*"], 412),
            ("old", ["If-Match": "*"], 200), ("old", ["If-None-Match": "\"1\""], 412), ("old", ["If-Match": "1"], 400),
        ] as [(String, [String: String], Int)])
    func `PUT respects its preconditions`(name: String, headers: [String: String], status: Int) async throws {
        try await TestServer.with(.init(functions: [.sample("old")])) { server in
            let answer = try await server.send(
                "PUT", "/functions/\(name)", yaml: manifest(name, maxReplicas: 9), headers: headers)
            #expect(answer.status == status)
            #expect((answer.headers["location"] == "/functions/new") == (status == 201))
            let stored = server.memory.functions.current.functions.first { $0.name.text == name }
            #expect((stored?.target.maxReplicas == 9) == (status < 300))
        }
    }

    @Test(
        arguments: [
            ("old", ["If-Match": "*"], 204), ("old", ["If-None-Match": "*"], 412),
            ("old", ["If-Match": "\"9\", \"8\""], 412),
            ("gone", ["If-Match": "\"1\""], 404), ("gone", ["If-None-Match": "*"], 404), ("gone", [:], 404),
            ("Not_A_Name", [:], 404), ("old", ["If-Match": "\"9"], 400),
        ] as [(String, [String: String], Int)])
    func `DELETE respects its preconditions`(name: String, headers: [String: String], status: Int) async throws {
        try await TestServer.with(.init(functions: [.sample("old")])) { server in
            let answer = try await server.send("DELETE", "/functions/\(name)", headers: headers)
            #expect(answer.status == status)
            #expect(server.memory.functions.current.functions.isEmpty == (status == 204))
        }
    }

    @Test func `an error of the store reaches the client`() async throws {
        let hello = try FunctionName("hello")
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            for (error, status, detail) in [
                (StoreError.unavailable("The disk is full"), 503, "The disk is full"),
                (.readOnly(hello, location: "a.yaml", line: 3), 409, "a.yaml:3"),
            ] {
                server.memory.functions.fail(with: error)
                let answers = [
                    try await server.send("POST", "/functions", yaml: manifest("other")),
                    try await server.send("PUT", "/functions/hello", yaml: manifest("hello", maxReplicas: 2)),
                    try await server.send("DELETE", "/functions/hello"),
                ]
                for answer in answers {
                    #expect(answer.status == status)
                    #expect(answer.problem?.contains(detail) == true)
                    #expect((answer.headers["retry-after"] == "1") == (status == 503))
                }
            }
        }
    }

    @Test func `a name cannot be used twice`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            let answer = try await server.send("POST", "/functions", yaml: manifest("hello"))
            #expect(answer.status == 409)
            #expect(try answer.json["function"] == "hello")
        }
    }

    @Test func `a client that declares a function with a conflicting route receives the condition`() async throws {
        try await TestServer.with(.init(functions: [.sample("first", route: "/shared")])) { server in
            let yaml = manifest("second", endpoint: "/shared")
            for (method, path) in [("POST", "/functions"), ("PUT", "/functions/second"), ("GET", "/functions/second")] {
                let answer = try await server.send(method, path, yaml: yaml)
                #expect(answer.status < 300)
                let conditions = try answer.json["status"]?["conditions"]?.items ?? []
                let conflict = try #require(conditions.first { $0["type"] == "RouteConflict" })
                #expect(conflict["status"] == "True")
                #expect(conflict["message"]?.text?.hasPrefix("first is older") == true)
            }
            let older = try await server.send("GET", "/functions/first").json["status"]?["conditions"]?.items ?? []
            #expect(older.isEmpty)
            let free = try await server.send(
                "PUT", "/functions/second", yaml: manifest("second", endpoint: "/free"))
            #expect(try free.json["status"]?["conditions"]?.items ?? [] == [])
        }
    }

    @Test func `a replica can be requested without an invocation`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            #expect(try await server.send("POST", "/functions/none/start", yaml: "").status == 404)
            #expect(try await server.send("POST", "/functions/hello/start").status == 202)
            let id = try #require(server.memory.functions.current.functions.first?.id)
            #expect(server.startRequests.current == [id])
            let foreign = try await server.send(
                "POST", "/functions/hello/start", headers: ["Origin": "http://evil.example"])
            #expect(foreign.status == 403)
        }
    }
}
