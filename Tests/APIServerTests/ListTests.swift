import AsyncHTTPClient
import F2SConfig
import F2SManifest
import F2SModel
import FoundationEssentials
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct ListTests {
    private func functions(_ count: Int, describedBy bytes: Int = 0) throws -> [FunctionDraft] {
        try (0..<count).map { index in
            var draft = try FunctionDraft.sample("f\(1000 + index)")
            draft.summary = String(repeating: "d", count: bytes)
            return draft
        }
    }

    @Test(arguments: [0, 1, 2, 300]) func `a list is complete in both formats`(count: Int) async throws {
        try await TestServer.with(.init(functions: try functions(count, describedBy: 100))) { server in
            let names = (0..<count).map { "f\(1000 + $0)" }
            let json = try await server.send("GET", "/functions")
            #expect(try json.json["items"]?.items.map { $0["metadata"]?["name"]?.text } == names)
            let yaml = try await server.send("GET", "/functions?output=yaml")
            let contents = ManifestReader().read(Array(yaml.body.utf8), location: "list")
            #expect(contents.rejections.isEmpty)
            #expect(contents.documents.map(\.draft.name.text) == names)
            for path in ["/deployments", "/services", "/endpoints"] {
                let list = try await server.send("GET", path)
                #expect(list.headers["content-type"] == "application/json")
                #expect(try list.json["items"]?.items.map { $0["function"]?.text } == names, "\(path)")
            }
        }
    }

    @Test func `lists for clients that do not read are bounded until one disconnects`() async throws {
        // This is more than the sockets and clients can buffer.
        var options = TestServer.Options(functions: try functions(400, describedBy: 4096))
        options.settings.limits.apiListsMax = 1
        try await TestServer.with(options) { server in
            try await server.stream("/functions") { _ in
                let refused = try await server.send("GET", "/functions")
                #expect(refused.status == 503)
                #expect(refused.headers["retry-after"] == "1")
                #expect(refused.problem?.contains("api_lists") == true)
                #expect(try await server.send("GET", "/services").status == 503)
                #expect(try await server.send("GET", "/functions/f1000").status == 200)
            }
            let deadline = ContinuousClock.now + .seconds(30)
            while try await server.send("GET", "/services").status != 200 {
                guard ContinuousClock.now < deadline else { throw CancellationError() }
            }
            // A HEAD sends nothing and occupies no capacity.
            for _ in 0..<3 { #expect(try await server.send("HEAD", "/services").status == 200) }
        }
    }
}
