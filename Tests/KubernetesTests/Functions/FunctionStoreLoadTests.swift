import F2SModel
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import F2SKubernetes

/// The store counts as loaded once it has read the list of functions, and not before.
@Suite(.timeLimit(.minutes(2))) struct FunctionStoreLoadTests {
    private static let resource = #"""
        {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function","metadata":{"name":"a","namespace":"f2s","uid":"u1",
        "resourceVersion":"7","generation":1,"creationTimestamp":"2026-11-25T12:00:00Z"},
        "spec":{"endpoint":"/a"},"target":{"containerImage":"i"}}
        """#.split(separator: "\n").joined()

    @Test func `a deletion before the first list does not make the store count as loaded`() async throws {
        try await ScriptedAPIServer.run { question in
            // The list never arrives.
            if question.isWatch || question.parameter("limit") != nil { return .silence }
            return question.method == .DELETE ? .answer(200, "{}") : .answer(200, Self.resource)
        } _: { client, server in
            let store = KubernetesFunctionStore(
                client: client, namespace: "f2s", leadingTime: { .seconds(10) }, logger: .silent)
            async let _: Void = store.run()
            let name = try FunctionName("a")
            // The deletion itself does not end, because no list confirms it.
            async let _: Void? = try? await store.delete(name, ifRevision: nil)
            try await eventually("the deletion arrives") { server.questions.contains { $0.method == .DELETE } }
            #expect(store.declared == nil)
            let isLoaded = Mutex(false)
            await withTimeout(.milliseconds(200)) {
                await store.waitUntilLoaded()
                isLoaded.withLock { $0 = !Task.isCancelled }
            }
            #expect(!isLoaded.withLock { $0 })
        }
    }
}
