import F2SModel
import Logging
import TestSupport
import Testing

@testable import F2SKubernetes

/// Functions in namespaces that no F2S serves.
@Suite struct StrayFunctionTrackerTests {
    private let stray = StrayFunction(name: "a", namespace: "other", uid: "u1")

    private func due(_ tracker: inout StrayFunctionTracker, _ functions: [StrayFunction], at seconds: Double)
        -> [String]
    {
        tracker.due(functions, at: .seconds(seconds)).map(\.uid)
    }

    @Test func `a Function of another namespace is reported once, after no F2S has written a status for a while`() {
        var tracker = StrayFunctionTracker(ownNamespace: "f2s")
        #expect(due(&tracker, [stray], at: 100) == [])
        #expect(due(&tracker, [stray], at: 109) == [])
        #expect(due(&tracker, [stray], at: 110) == ["u1"])
        #expect(due(&tracker, [stray], at: 200) == [])
        // A Function that is declared again under the same name is another one.
        let again = StrayFunction(name: "a", namespace: "other", uid: "u2")
        #expect(due(&tracker, [again], at: 201) == [])
        #expect(due(&tracker, [again], at: 211) == ["u2"])
    }

    @Test func `served Functions, own Functions and Functions that are being deleted are not reported`() {
        var tracker = StrayFunctionTracker(ownNamespace: "f2s")
        let functions = [
            StrayFunction(name: "served", namespace: "other", uid: "u1", isServed: true),
            StrayFunction(name: "own", namespace: "f2s", uid: "u2"),
            StrayFunction(name: "going", namespace: "other", uid: "u3", isDeleting: true),
        ]
        #expect(due(&tracker, functions, at: 0) == [])
        #expect(due(&tracker, functions, at: 60) == [])
    }

    @Test func `many Functions are reported in batches`() {
        var tracker = StrayFunctionTracker(ownNamespace: "f2s", timeout: .zero)
        let functions = (0..<25).map { StrayFunction(name: "n\($0)", namespace: "other", uid: "u\($0)") }
        let told = (0..<4).map { due(&tracker, functions, at: Double($0)) }
        #expect(told.map(\.count) == [10, 10, 5, 0])
        #expect(Set(told.joined()).count == 25)
    }

    @Test func `a status with conditions shows that a Function is served, and an empty status does not`() throws {
        func read(_ status: String) throws -> StrayFunction {
            try decode(#"{"metadata":{"name":"a","namespace":"n","uid":"u"},"spec":{}\#(status)}"#)
        }
        #expect(try !read("").isServed)
        #expect(try !read(#","status":{}"#).isServed)
        #expect(try !read(#","status":{"conditions":[]}"#).isServed)
        #expect(try read(#","status":{"conditions":[{"type":"Ready","status":"True"}]}"#).isServed)
    }

    @Test func `without the right to watch all namespaces F2S checks once and then waits`() async throws {
        try await ScriptedAPIServer.run { _ in
            .error(403, "Forbidden")
        } _: { client, server in
            let options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "a", podIP: "127.0.0.1", token: "t")
            let strays = StrayFunctions(client: client, options: options, isLeader: { true }, logger: .silent)
            async let _: Void = strays.run()
            while server.questions.isEmpty { await Task.yield() }
            // Without the long pause, it would have checked again by then.
            try await Task.sleep(for: .milliseconds(1200))
            #expect(server.questions.count == 1)
        }
    }
}
