import F2SModel
import Foundation
import Testing

@testable import F2SKubernetes

/// Secrets of functions on a real API server.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct FunctionSecretStoreTests {
    private func run(
        _ body: @escaping @Sendable (RunningPlatform, any FunctionSecretWriter) async throws -> Void
    ) async throws {
        try await TestCluster.withNamespaces { functions, containers in
            try await RunningPlatform.run(
                functions: functions, containers: containers,
                adjust: { options in
                    options.writesSecrets = true
                    options.runtimeImage = { _ in "python:1" }
                }
            ) { running in
                let secrets = running.kubernetes.secrets
                #expect(secrets.namespace == containers)
                try await running.eventually("this process leads") { running.platform.election.isLeader }
                try await body(running, try #require(secrets.writer))
            }
        }
    }

    private struct Stored: Decodable {
        let data: [String: String]
    }

    /// Returns the keys and values of a Secret; `nil` if it does not exist.
    private func data(_ name: FunctionSecretName, _ running: RunningPlatform) throws -> [String: String]? {
        let text = try TestCluster.kubectl(
            "get", "secret", name.objectName, "--namespace", running.options.functionsNamespace, "--ignore-not-found",
            "--output", "json")
        guard !text.isEmpty else { return nil }
        return try JSONDecoder().decode(Stored.self, from: Data(text.utf8)).data.mapValues { value in
            String(decoding: try #require(Data(base64Encoded: value)), as: UTF8.self)
        }
    }

    @Test func `a Secret is created, replaced, deleted by hand, created again, and deleted`() async throws {
        try await run { running, secrets in
            let function = try await running.platform.functions.create(try running.draft("keyed"))
            let name = try FunctionSecretName("keys", of: function.name)
            #expect(try await secrets.write(["A": Secret("1\nä"), "b.c": Secret("")], to: name, of: function))
            #expect(try data(name, running) == ["A": "1\nä", "b.c": ""])
            #expect(try await !secrets.write(["D": Secret("4")], to: name, of: function))
            #expect(try data(name, running) == ["D": "4"])
            try TestCluster.kubectl(
                "delete", "secret", name.objectName, "--namespace", running.options.functionsNamespace)
            #expect(try await secrets.write(["E": Secret("5")], to: name, of: function))
            #expect(try data(name, running) == ["E": "5"])
            try await secrets.delete(name, of: function)
            #expect(try data(name, running) == nil)
            await #expect(throws: FunctionSecretError.notFound(name)) { try await secrets.delete(name, of: function) }
        }
    }

    @Test func `a Secret of another client stays as it is`() async throws {
        try await run { running, secrets in
            let function = try await running.platform.functions.create(try running.draft("keyed"))
            let name = try FunctionSecretName("theirs", of: function.name)
            let namespace = running.options.functionsNamespace
            try TestCluster.kubectl(
                "create", "secret", "generic", name.objectName, "--namespace", namespace, "--from-literal=A=theirs")
            await #expect(throws: FunctionSecretError.foreign(kind: "Secret", name, namespace: namespace)) {
                try await secrets.write(["A": Secret("mine")], to: name, of: function)
            }
            try await secrets.delete(name, of: function)
            #expect(try data(name, running) == ["A": "theirs"])
        }
    }

    @Test func `a Secret is deleted with its function, and not by an edit of the function`() async throws {
        try await run { running, secrets in
            let store = running.platform.functions
            var draft = try running.draft("keyed")
            draft.target = Target(source: SourceCode(runtime: .python, files: ["handler.py": "old"]))
            let function = try await store.create(draft)
            try await running.platform.replicas.apply(function, .fixed(0), retiring: [])
            let name = try FunctionSecretName("keys", of: function.name)
            #expect(try await secrets.write(["A": Secret("1")], to: name, of: function))
            let source = SourceCode(runtime: .python, files: ["handler.py": "new"])
            draft.target.source = source
            let edited = try await store.replace(draft, ifRevision: nil)
            try await running.platform.replicas.apply(edited, .fixed(0), retiring: [])
            try await running.eventually("the files of the former revision are deleted") {
                let names = try TestCluster.kubectl(
                    "get", "configmap", "--namespace", running.options.functionsNamespace, "--output",
                    "jsonpath={.items[*].metadata.name}")
                let files = names.split(separator: " ").filter { $0.hasPrefix("f2s-source-") }
                return files == [FunctionSource(source).name(of: function.name)[...]]
            }
            #expect(try data(name, running) == ["A": "1"])
            try await store.delete(function.name, ifRevision: nil)
            try await running.eventually("the Secret is deleted with its function", within: .seconds(60)) {
                try data(name, running) == nil
            }
        }
    }
}
