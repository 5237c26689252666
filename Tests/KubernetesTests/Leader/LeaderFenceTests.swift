import F2SModel
import Logging
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import F2SKubernetes

/// The writes of a leader end with its lease, and never overwrite the writes of a later leader.
@Suite struct LeaderFenceTests {
    private static let resource = #"""
        {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function","metadata":{"name":"a","namespace":"f2s","uid":"u1",
        "resourceVersion":"VERSION","generation":1,"creationTimestamp":"2026-11-25T12:00:00Z"},
        "spec":{"endpoint":"/a"},"target":{"containerImage":"i"}}
        """#.split(separator: "\n").joined()

    private static func list(_ version: Int) -> ScriptedAPIServer.Reply {
        let object = resource.replacing("VERSION", with: "\(version)")
        return .answer(200, #"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(object)]}"#)
    }

    private static func isPatch(_ question: ScriptedAPIServer.Question) -> Bool { question.method == .PATCH }

    /// Runs a store whose watch shows one function, first in version 7 and, after the first write, in version 8.
    private func withStore(
        leads: @escaping @Sendable () -> Duration = { .seconds(10) },
        patch: @escaping @Sendable (_ version: String?, _ count: Int) -> ScriptedAPIServer.Reply,
        _ body: @escaping @Sendable (KubernetesFunctionStore, ScriptedAPIServer) async throws -> Void
    ) async throws {
        let patches = Mutex(0)
        try await ScriptedAPIServer.run { question in
            let count = patches.withLock { $0 }
            if Self.isPatch(question) {
                patches.withLock { $0 += 1 }
                let body = try? JSONValue(decoding: question.body)
                return patch(body?["metadata"]?["resourceVersion"]?.text, count)
            }
            if question.isWatch {
                guard count > 0, question.parameter("resourceVersion") == "7" else { return .lines([], .end) }
                let object = Self.resource.replacing("VERSION", with: "8")
                return .lines([#"{"type":"MODIFIED","object":\#(object)}"#], .end)
            }
            return Self.list(7)
        } _: { client, server in
            let store = KubernetesFunctionStore(
                client: client, namespace: "f2s", leadingTime: leads, logger: .silent)
            async let _: Void = store.run()
            await store.waitUntilLoaded()
            try await body(store, server)
        }
    }

    private static let status = FunctionStatus(observedGeneration: 1, replicas: 2)
    private static let id = Function.ID("u1")

    @Test func `a status names the version that it was made for`() async throws {
        try await withStore(patch: { version, _ in
            version == "7" ? .answer(200, "{}") : .error(400, "BadRequest")
        }) { store, server in
            try await store.setStatus(Self.status, of: Self.id)
            #expect(server.questions.filter(Self.isPatch).count == 1)
        }
    }

    @Test func `a status of an outdated version is written again for the version that the watch shows`() async throws {
        try await withStore(patch: { version, _ in
            version == "8" ? .answer(200, "{}") : .error(409, "Conflict")
        }) { store, server in
            try await store.setStatus(Self.status, of: Self.id)
            #expect(server.questions.filter(Self.isPatch).count == 2)
        }
    }

    @Test func `a process that does not lead writes no status`() async throws {
        try await withStore(leads: { .zero }, patch: { _, _ in .answer(200, "{}") }) { store, server in
            await #expect(throws: StoreError.self) { try await store.setStatus(Self.status, of: Self.id) }
            #expect(!server.questions.contains(where: Self.isPatch))
        }
    }

    @Test func `a status write that the API server does not answer ends with the lease`() async throws {
        try await withStore(leads: { .milliseconds(200) }, patch: { _, _ in .silence }) { store, _ in
            let begun = ContinuousClock.now
            await #expect(throws: StoreError.self) { try await store.setStatus(Self.status, of: Self.id) }
            let time = ContinuousClock.now - begun
            print("a status write without an answer: failed after \(time), with 0.2 s of the lease left")
            #expect(time < .seconds(20), "the time-out must be shorter than the 30 s of other calls")
        }
    }

    @Test func `a process that does not lead deletes no pod and sweeps no object`() async throws {
        try await ScriptedAPIServer.run { question in
            question.method == .GET ? .error(404, "NotFound") : .answer(200, "{}")
        } _: { client, server in
            let options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "a", podIP: "127.0.0.1", token: "t")
            let runtime = KubernetesRuntime(
                client: client, options: options,
                store: KubernetesFunctionStore(
                    client: client, namespace: "f2s", leadingTime: { .zero }, logger: .silent),
                election: LeaseElection(client: client, options: options, logger: .silent),
                events: EventJournal(eventsMax: 1), logger: .silent)
            runtime.pods.latest.publish(MirroredCollection(["pod": samplePod("p", function: "u1")]))
            await #expect(throws: KubernetesError.cancelled) {
                try await runtime.replace([Replica.ID("p")], of: Self.id)
            }
            let object = try observed(
                WorkloadManifest(function: try sampleFunction(), settings: sampleSettings()).service())
            await #expect(throws: KubernetesError.cancelled) { try await runtime.sweep(.services, object) }
            #expect(server.questions.allSatisfy { $0.method == .GET })
        }
    }

    @Test func `good settings are recorded with their version, and older settings are not recorded`() async throws {
        try await ScriptedAPIServer.run { question in
            if Self.isPatch(question) { return .answer(200, "{}") }
            if question.isWatch { return .lines([], .open) }
            return .answer(
                200,
                #"{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"c","resourceVersion":"5"},"#
                    + #""data":{"config.yaml":"debug: true"}}]}"#)
        } _: { client, server in
            let object = SettingsObject(client: client, namespace: "f2s", name: "c", logger: .silent)
            async let _: Void = object.run()
            for await stored in object.latest.values() where stored != nil { break }
            try await object.keep("debug: false")
            #expect(!server.questions.contains(where: Self.isPatch))
            try await object.keep("debug: true")
            let patch = try #require(server.questions.first(where: Self.isPatch))
            #expect(try JSONValue(decoding: patch.body)["metadata"]?["resourceVersion"] == "5")
        }
    }
}
