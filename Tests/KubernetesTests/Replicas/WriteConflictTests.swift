import F2SModel
import NIOHTTP1
import Synchronization
import Testing

@testable import F2SKubernetes

/// Conflicts with the Deployment controller. It updates the status at any time, so the resource version that F2S has
/// read may be outdated when F2S writes.
@Suite(.timeLimit(.minutes(2))) struct WriteConflictTests {
    /// A Deployment whose version and number of replicas grow by one before each of the first `changes` writes.
    private final class Deployment: Sendable {
        private struct State {
            var version = 1
            var changesLeft: Int
        }

        let function: Function
        private let manifest: JSONValue
        private let state: Mutex<State>

        init(changes: Int) throws {
            function = try sampleFunction()
            manifest = WorkloadManifest(function: function, settings: sampleSettings())
                .deployment(replicas: 1, keeping: nil, uid: nil)
            state = Mutex(State(changesLeft: changes))
        }

        private func stored(_ version: Int) -> ScriptedAPIServer.Reply {
            var object = manifest
            object["spec"]?["replicas"] = .integer(Int64(version))
            var metadata = object["metadata"] ?? [:]
            metadata["uid"] = "object-1"
            metadata["resourceVersion"] = .string("\(version)")
            object["metadata"] = metadata
            return .answer(200, String(decoding: object.encoded(), as: UTF8.self))
        }

        func reply(to question: ScriptedAPIServer.Question) -> ScriptedAPIServer.Reply {
            if question.isWatch { return .lines([], .open) }
            if question.parameter("limit") != nil {
                return .answer(200, #"{"metadata":{"resourceVersion":"1"},"items":[]}"#)
            }
            guard question.target.contains("/deployments/") else {
                return question.method == .GET
                    ? .error(404, "NotFound") : .answer(200, String(decoding: question.body, as: UTF8.self))
            }
            if question.method == .GET { return stored(state.withLock { $0.version }) }
            let named = try? JSONValue(decoding: question.body)["metadata"]?["resourceVersion"]?.text
            return state.withLock { state in
                if state.changesLeft > 0 {
                    state.changesLeft -= 1
                    state.version += 1
                }
                guard named == "\(state.version)" else { return .error(409, "Conflict") }
                state.version += 1
                return stored(state.version)
            }
        }
    }

    private func run(
        changes: Int, _ body: @Sendable (KubernetesRuntime, Deployment, ScriptedAPIServer) async throws -> Void
    ) async throws {
        let deployment = try Deployment(changes: changes)
        try await ScriptedAPIServer.runLeading(script: { deployment.reply(to: $0) }) { runtime, server in
            try await body(runtime, deployment, server)
        }
    }

    private func writes(_ server: ScriptedAPIServer) -> Int {
        server.questions.count { $0.method == .PATCH && $0.target.contains("/deployments/") }
    }

    @Test(arguments: [0, 1, 3])
    func `a Deployment that has changed since it was read is read and written again`(changes: Int) async throws {
        try await run(changes: changes) { runtime, deployment, server in
            try await runtime.apply(deployment.function, .fixed(2), retiring: [])
            #expect(writes(server) == changes + 1)
        }
    }

    @Test(arguments: [0, 1, 3])
    func `a number that the cluster changes before a write is kept`(changes: Int) async throws {
        try await run(changes: changes) { runtime, deployment, server in
            try await runtime.apply(deployment.function, .byCluster, retiring: [])
            let last = try #require(
                server.questions.last { $0.method == .PATCH && $0.target.contains("/deployments/") })
            #expect(try JSONValue(decoding: last.body)["spec"]?["replicas"]?.integerValue == changes + 1)
        }
    }

    @Test func `a Deployment that changes before each write fails with the reason after a few attempts`() async throws {
        try await run(changes: 1000) { runtime, deployment, server in
            await #expect(throws: WorkloadError.unsettled("The Deployment hello is being changed by another client")) {
                try await runtime.apply(deployment.function, .fixed(2), retiring: [])
            }
            #expect(writes(server) < 10)
        }
    }
}
