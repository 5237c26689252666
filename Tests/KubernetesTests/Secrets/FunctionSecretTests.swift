import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// The Secrets that F2S writes for functions. The API server of these tests refuses to read one.
@Suite(.timeLimit(.minutes(2))) struct FunctionSecretTests {
    private let function: Function
    private let name: FunctionSecretName

    init() throws {
        function = try sampleFunction()
        name = try FunctionSecretName("keys", of: function.name)
    }

    @Test func `a Secret has the labels of the function, and the record owns it`() throws {
        let manifest = FunctionSecretManifest(
            name: name, function: function, namespace: "run", functionNamespace: "f2s")
        let secret = manifest.secret(["A": Secret("hidden"), "B": Secret("")], record: "record-1", replacing: nil)
        #expect(secret["kind"] == "Secret" && secret["type"] == "Opaque" && secret["data"] == nil)
        #expect(secret["stringData"] == ["A": "hidden", "B": ""])
        #expect(
            secret["metadata"]?["ownerReferences"] == [
                ["apiVersion": "v1", "kind": "ConfigMap", "name": "f2s-secret-hello.keys", "uid": "record-1"]
            ])
        for object in [secret, manifest.record] {
            #expect(object["metadata"]?["name"] == "f2s-secret-hello.keys")
            #expect(object["metadata"]?["namespace"] == "run" && object["metadata"]?["uid"] == nil)
            #expect(object["metadata"]?["labels"]?[ObjectLabel.managedBy] == "f2s")
            #expect(object["metadata"]?["labels"]?[ObjectLabel.function] == .string(function.id.text))
        }
        #expect(manifest.record["data"] == nil)
        #expect(manifest.secret([:], record: "r", replacing: "old")["metadata"]?["uid"] == "old")
    }

    @Test func `the name of a Secret identifies its function`() throws {
        let long = String(repeating: "a", count: 63)
        for (function, text) in [("a-b", "c"), ("a", "b-c"), ("1", "2"), (long, long)] {
            let name = try FunctionSecretName(text, of: FunctionName(function))
            #expect(FunctionSecretName.owner(of: name.objectName) == function)
            // A name that target.envFrom accepts.
            #expect(try Target.EnvironmentSource(.secret, name.objectName).name == name.objectName)
        }
        for foreign in ["f2s-secret-hello", "hello.keys", "f2s-secrets.a", "f2s-tokens"] {
            #expect(FunctionSecretName.owner(of: foreign) == nil)
        }
        for text in ["", "A", "a.b", "a/b", "-a", "a_b", "\(long)a"] {
            #expect(throws: FieldError.self) { try FunctionSecretName(text, of: function.name) }
        }
    }

    @Test func `a Secret whose record could not be written can be written again`() async throws {
        let cluster = ScriptedSecrets()
        try await cluster.run { secrets, _ in
            cluster.failNextRecord()
            await #expect(throws: FunctionSecretError.self) {
                _ = try await secrets.write(["A": Secret("hidden")], to: name, of: function)
            }
            #expect(cluster.object(.secrets, name) == nil)
            let isNew = try await secrets.write(["A": Secret("hidden")], to: name, of: function)
            #expect(isNew)
        }
    }

    @Test func `a Secret is created, all its keys are replaced, and no value reaches another object`() async throws {
        let cluster = ScriptedSecrets()
        try await cluster.run { secrets, server in
            #expect(try await secrets.write(["A": Secret("hidden"), "B": Secret("b")], to: name, of: function))
            let first = try #require(cluster.object(.secrets, name))
            let record = try #require(cluster.object(.configMaps, name))
            #expect(first["metadata"]?["ownerReferences"]?[0]?["uid"] == record["metadata"]?["uid"])
            let noted = record["metadata"]?["annotations"]?[FunctionSecretManifest.uidAnnotation]
            #expect(noted != nil && noted == first["metadata"]?["uid"])

            #expect(try await !secrets.write(["C": Secret("hidden too")], to: name, of: function))
            let second = try #require(cluster.object(.secrets, name))
            #expect(second["stringData"] == ["C": "hidden too"])
            #expect(second["metadata"]?["uid"] == first["metadata"]?["uid"])
            #expect(cluster.methods == [.POST, .PUT])
            for question in server.questions where !question.target.contains("/secrets") {
                #expect(!String(decoding: question.body, as: UTF8.self).contains("hidden"))
            }
        }
    }

    @Test func `a Secret that was deleted by hand is created again`() async throws {
        let cluster = ScriptedSecrets()
        try await cluster.run { secrets, _ in
            var areNew: [Bool] = []
            for value in ["1", "2", "3"] {
                if value == "2" { cluster.set(nil, .secrets, name) }
                areNew.append(try await secrets.write(["A": Secret(value)], to: name, of: function))
            }
            #expect(areNew == [true, true, false])
            #expect(cluster.object(.secrets, name)?["stringData"] == ["A": "3"])
        }
    }

    @Test(arguments: [true, false])
    func `a Secret of another client is neither changed nor deleted`(wasWritten: Bool) async throws {
        let cluster = ScriptedSecrets()
        let theirs: JSONValue = ["metadata": [:], "data": ["A": "theirs"]]
        try await cluster.run { secrets, _ in
            if wasWritten { #expect(try await secrets.write(["A": Secret("1")], to: name, of: function)) }
            cluster.set(theirs, .secrets, name)
            let error = FunctionSecretError.foreign(kind: "Secret", name, namespace: "run")
            await #expect(throws: error) { try await secrets.write(["A": Secret("2")], to: name, of: function) }
            // The record is F2S's own.
            try await secrets.delete(name, of: function)
            #expect(cluster.object(.secrets, name)?["data"] == ["A": "theirs"])
            #expect(cluster.object(.configMaps, name) == nil)
        }
    }

    @Test func `a ConfigMap of another client or of another function is not a record`() async throws {
        let cluster = ScriptedSecrets()
        let other = try sampleFunction(uid: "99999999-2222-3333-4444-555555555555")
        let theirs = FunctionSecretManifest(
            name: name, function: other, namespace: "run", functionNamespace: "f2s"
        ).record
        try await cluster.run { secrets, _ in
            for object in [theirs, ["metadata": ["labels": ["app": "x"]]]] as [JSONValue] {
                cluster.set(object, .configMaps, name)
                let error = FunctionSecretError.foreign(kind: "ConfigMap", name, namespace: "run")
                await #expect(throws: error) { try await secrets.write(["A": Secret("1")], to: name, of: function) }
                await #expect(throws: FunctionSecretError.notFound(name)) {
                    try await secrets.delete(name, of: function)
                }
                #expect(cluster.object(.configMaps, name) != nil && cluster.methods.isEmpty)
            }
        }
    }

    @Test func `a Secret is deleted with its record`() async throws {
        let cluster = ScriptedSecrets()
        try await cluster.run { secrets, _ in
            #expect(try await secrets.write(["A": Secret("1")], to: name, of: function))
            try await secrets.delete(name, of: function)
            #expect(cluster.object(.secrets, name) == nil && cluster.object(.configMaps, name) == nil)
            await #expect(throws: FunctionSecretError.notFound(name)) { try await secrets.delete(name, of: function) }
            #expect(try await secrets.write(["A": Secret("2")], to: name, of: function))
        }
    }

    @Test func `a name that the settings do not allow causes no request`() async throws {
        try await ScriptedSecrets().run(allowsSecret: { $0 == "other" }) { secrets, server in
            await #expect(throws: FunctionSecretError.notAllowed(name)) {
                try await secrets.write(["A": Secret("1")], to: name, of: function)
            }
            #expect(server.questions.isEmpty)
        }
    }

    @Test func `without the right to write Secrets, the problem names the right and the command`() async throws {
        try await ScriptedSecrets(isAllowed: false).run { secrets, _ in
            let error = try await #require(throws: FunctionSecretError.self) {
                try await secrets.write(["A": Secret("hidden")], to: name, of: function)
            }
            let problem = error.problem
            #expect(problem.status == 403 && !problem.detail.contains("hidden"))
            for part in [
                "the message of the test", "create, update and delete Secrets in the namespace run",
                "functionSecrets.enabled", "kubectl --namespace run create secret generic hello-keys",
            ] {
                #expect(problem.detail.contains(part), "\(problem.detail)")
            }
        }
    }
}
