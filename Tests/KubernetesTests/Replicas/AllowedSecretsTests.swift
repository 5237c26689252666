import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// Functions may name only Secrets that a pattern of `f2s.allowed_secrets` allows.
@Suite(.timeLimit(.minutes(2))) struct AllowedSecretsTests {
    /// A leading process with an API server that has no objects and accepts every write.
    private struct Scene: Sendable {
        let runtime: KubernetesRuntime
        let server: ScriptedAPIServer
        let allowed: Latest<[NamePattern]>

        /// All writes of Deployments and Services.
        var patches: [ScriptedAPIServer.Question] { server.questions.filter { $0.method == .PATCH } }

        /// Returns the Secrets that the container of the newest Deployment gets.
        func mountedSecrets() throws -> [String] {
            let patch = try #require(patches.last { $0.target.contains("/deployments/") })
            let spec = try JSONValue(decoding: patch.body)["spec"]?["template"]?["spec"]
            let sources = spec?["containers"]?[0]?["envFrom"]?.elements ?? []
            return sources.compactMap { $0["secretRef"]?["name"]?.text }
        }

        /// Waits for a start failure of the function and returns it.
        func startFailure(of function: Function.ID) async throws -> StartFailure? {
            try await runtime.withReplicas { snapshots in
                for await snapshot in snapshots {
                    if let startFailure = snapshot.startFailures[function] { return startFailure }
                }
                return nil
            }
        }
    }

    private static func reply(to question: ScriptedAPIServer.Question) -> ScriptedAPIServer.Reply {
        if question.isWatch { return .lines([], .open) }
        if question.parameter("limit") != nil {
            return .answer(200, #"{"metadata":{"resourceVersion":"1"},"items":[]}"#)
        }
        if question.method == .GET { return .error(404, "NotFound") }
        // The response to a write is the object as it would be stored.
        var object = (try? JSONValue(decoding: question.body)) ?? [:]
        var metadata = object["metadata"] ?? [:]
        metadata["uid"] = "object-1"
        metadata["resourceVersion"] = "2"
        object["metadata"] = metadata
        return .answer(200, String(decoding: object.encoded(), as: UTF8.self))
    }

    private static func patterns(_ texts: [String]) throws -> [NamePattern] {
        try texts.map { try #require(NamePattern($0)) }
    }

    private static func run(
        allowing texts: [String], _ body: @Sendable (Scene) async throws -> Void
    ) async throws {
        let allowed = Latest(try patterns(texts))
        let allowsSecret: @Sendable (String) -> Bool = { name in allowed.current.contains { $0.matches(name) } }
        try await ScriptedAPIServer.runLeading(allowsSecret: allowsSecret, script: { reply(to: $0) }) {
            runtime, server in
            try await body(Scene(runtime: runtime, server: server, allowed: allowed))
        }
    }

    private static func function(naming secrets: [String]) throws -> Function {
        try sampleFunction("hello", Target(image: "i:1", secrets: secrets))
    }

    @Test(
        arguments: [
            (["function-*"], ["root"], "root"), (["function-*"], ["function-db", "my-function-db"], "my-function-db"),
            (["exact"], ["exact", "exactly"], "exactly"), ([], ["any"], "any"),
        ] as [([String], [String], String)])
    func `a Secret that no pattern allows fails the start with a reason and a remedy, and F2S writes no object`(
        patterns: [String], secrets: [String], refused: String
    ) async throws {
        try await Self.run(allowing: patterns) { scene in
            let function = try Self.function(naming: secrets)
            await #expect(throws: WorkloadError.secretNotAllowed(refused)) {
                try await scene.runtime.apply(function, .fixed(1), retiring: [])
            }
            async let _: Void = scene.runtime.run()
            let startFailure = try #require(try await scene.startFailure(of: function.id))
            #expect(
                startFailure.stage == .start && startFailure.reason == "SecretNotAllowed" && !startFailure.isTimeout)
            #expect(startFailure.revision == function.revision.text)
            for part in ["the Secret \(refused).", "Name another one", "f2s.allowed_secrets"] {
                #expect(startFailure.message.contains(part), "\(startFailure.message)")
            }
            #expect(scene.patches.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `the patterns apply to the Secrets of envFrom, also to optional ones, but not to ConfigMaps`(
        isOptional: Bool
    ) async throws {
        try await Self.run(allowing: ["function-*"]) { scene in
            var target = Target(image: "i:1")
            target.environmentSources = [
                try Target.EnvironmentSource(.configMap, "root"),
                try Target.EnvironmentSource(.secret, "function-db", isOptional: isOptional),
            ]
            try await scene.runtime.apply(try sampleFunction("hello", target), .fixed(1), retiring: [])
            #expect(try scene.mountedSecrets() == ["function-db"])
            target.environmentSources.append(try Target.EnvironmentSource(.secret, "root", isOptional: isOptional))
            let function = try sampleFunction("hello", target)
            await #expect(throws: WorkloadError.secretNotAllowed("root")) {
                try await scene.runtime.apply(function, .fixed(1), retiring: [])
            }
        }
    }

    @Test(
        arguments: [
            (["*"], ["a", "b.c"]), (["function-*", "exact"], ["function-db", "exact"]), ([], []),
        ] as [([String], [String])])
    func `a function gets its Secrets if the patterns allow them`(patterns: [String], secrets: [String]) async throws {
        try await Self.run(allowing: patterns) { scene in
            try await scene.runtime.apply(try Self.function(naming: secrets), .fixed(1), retiring: [])
            #expect(try scene.mountedSecrets() == secrets)
        }
    }

    @Test func `a Secret that F2S has written for another function is refused, and that of the function is not`()
        async throws
    {
        try await Self.run(allowing: ["*"]) { scene in
            let own = ["f2s-secret-hello.keys", "f2s-secret-hello", "other.f2s-secret-x.keys"]
            try await scene.runtime.apply(try Self.function(naming: own), .fixed(1), retiring: [])
            #expect(try scene.mountedSecrets() == own)
            let foreign = "f2s-secret-hello-2.keys"
            let error = WorkloadError.secretOfFunction(foreign, owner: "hello-2")
            await #expect(throws: error) {
                try await scene.runtime.apply(try Self.function(naming: own + [foreign]), .fixed(1), retiring: [])
            }
            let failure = error.startFailure(of: try Self.function(naming: []).revision, attempts: 1, at: 0)
            #expect(failure?.reason == "SecretNotAllowed" && failure?.stage == .start)
        }
    }

    @Test func `an added pattern lets the function start, and a removed one still lets it scale down`()
        async throws
    {
        try await Self.run(allowing: ["other"]) { scene in
            let function = try Self.function(naming: ["db"])
            await #expect(throws: WorkloadError.secretNotAllowed("db")) {
                try await scene.runtime.apply(function, .fixed(1), retiring: [])
            }
            scene.allowed.publish(try Self.patterns(["other", "db"]))
            try await scene.runtime.apply(function, .fixed(1), retiring: [])
            #expect(try scene.mountedSecrets() == ["db"])
            let written = scene.patches.count
            scene.allowed.publish([])
            try await scene.runtime.apply(function, .fixed(0), retiring: [])
            #expect(scene.patches.count > written, "the lower number of replicas is written")
        }
    }
}
