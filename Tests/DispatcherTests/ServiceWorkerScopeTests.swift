import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests that the service worker of a function's page cannot intercept pages of the management API.
@Suite struct ServiceWorkerScopeTests {
    @Test(arguments: [
        ("/invoke/", true), ("/invoke/app/", true), ("/invoke/app/v1.2/-_~", true), ("/invoke/a/./b", true),
        ("/", false), ("", false), ("/invoke", false), ("invoke/", false), ("./", false), ("/functions", false),
        ("/invoke/../", false), ("/invoke/a/../../functions", false), ("/invoke/%2e%2e/", false),
        ("/invoke/.\t./", false), ("/invoke/..\\", false), ("/invoke/a b", false), ("//evil.example/invoke/", false),
        ("https://a/invoke/", false), ("/INVOKE/", false),
    ])
    func `a scope is passed on if it contains functions only`(scope: String, isPassed: Bool) async throws {
        let server = try await StubServer.answering(ok("hi", fields: "service-Worker-Allowed: \(scope)\r\nX: 1\r\n"))
        try await withTestbed { bed in
            try await bed.serve(server)
            let answer = try await bed.client().ask(get())
            #expect(answer.fields("Service-Worker-Allowed") == (isPassed ? [scope] : []))
            #expect(answer.fields("X") == ["1"])
        }
        await server.stop()
    }
}
