import F2SModel
import Logging
import TestSupport
import Testing

@testable import F2SKubernetes

/// Functions of namespaces that no F2S looks at.
@Suite struct StrayBookTests {
    private let stray = StrayFunction(name: "a", namespace: "other", uid: "u1")

    private func due(_ book: inout StrayBook, _ functions: [StrayFunction], at seconds: Double) -> [String] {
        book.due(functions, at: .seconds(seconds)).map(\.uid)
    }

    @Test func `a Function of another namespace is told once, when no F2S has written a status for a while`() {
        var book = StrayBook(ownNamespace: "f2s")
        #expect(due(&book, [stray], at: 100) == [])
        #expect(due(&book, [stray], at: 109) == [])
        #expect(due(&book, [stray], at: 110) == ["u1"])
        #expect(due(&book, [stray], at: 200) == [])
        // Declared anew under the same name, it is another one.
        let again = StrayFunction(name: "a", namespace: "other", uid: "u2")
        #expect(due(&book, [again], at: 201) == [])
        #expect(due(&book, [again], at: 211) == ["u2"])
    }

    @Test func `one that another installation serves, one's own, and one that goes are not told`() {
        var book = StrayBook(ownNamespace: "f2s")
        let functions = [
            StrayFunction(name: "served", namespace: "other", uid: "u1", isServed: true),
            StrayFunction(name: "own", namespace: "f2s", uid: "u2"),
            StrayFunction(name: "going", namespace: "other", uid: "u3", isDeleting: true),
        ]
        #expect(due(&book, functions, at: 0) == [])
        #expect(due(&book, functions, at: 60) == [])
    }

    @Test func `many at once are told in turn`() {
        var book = StrayBook(ownNamespace: "f2s", patience: .zero)
        let functions = (0..<25).map { StrayFunction(name: "n\($0)", namespace: "other", uid: "u\($0)") }
        let told = (0..<4).map { due(&book, functions, at: Double($0)) }
        #expect(told.map(\.count) == [10, 10, 5, 0])
        #expect(Set(told.joined()).count == 25)
    }

    @Test func `a status with conditions is an installation's, an empty one is not`() throws {
        func read(_ status: String) throws -> StrayFunction {
            try decode(#"{"metadata":{"name":"a","namespace":"n","uid":"u"},"spec":{}\#(status)}"#)
        }
        #expect(try !read("").isServed)
        #expect(try !read(#","status":{}"#).isServed)
        #expect(try !read(#","status":{"conditions":[]}"#).isServed)
        #expect(try read(#","status":{"conditions":[{"type":"Ready","status":"True"}]}"#).isServed)
    }

    @Test func `without the right to see every namespace it is asked once and is quiet`() async throws {
        try await ScriptedAPIServer.run { _ in
            .refusal(403, "Forbidden")
        } _: { client, server in
            let options = KubernetesOptions(
                namespace: "f2s", functionsNamespace: "run", podName: "a", podIP: "127.0.0.1", token: "t")
            let strays = StrayFunctions(client: client, options: options, isLeader: { true }, logger: .silent)
            async let _: Void = strays.run()
            while server.questions.isEmpty { await Task.yield() }
            // By then it would have looked again.
            try await Task.sleep(for: .milliseconds(1200))
            #expect(server.questions.count == 1)
        }
    }
}
