import F2SModel
import F2SSystem
import TestSupport
import Testing

@testable import F2SLocal

/// Tests of the specification from which a replica is started, and of its revision.
@Suite struct StartRevisionTests {
    private func launch(_ target: Target, folder: String = "/functions/a") throws -> LaunchSpec {
        let function = Function(
            id: Function.ID("hello"), draft: try draft("hello", target), generation: 1,
            storeRevision: StoreRevision("1"), age: 1,
            origin: Function.Origin(location: "a.yaml", line: 1, workingFolder: folder, isWritable: false))
        return LaunchSpec(function, stopTimeout: .seconds(30))
    }

    /// A change for each field of a target.
    static let changes: [(field: String, change: @Sendable (inout Target) -> Void)] = [
        ("image", { $0.image = "other" }), ("command", { $0.command = ["other"] }), ("port", { $0.port = 1 }),
        ("path", { $0.path = "/other" }), ("minReplicas", { $0.minReplicas = 1 }),
        ("maxReplicas", { $0.maxReplicas = 9 }), ("concurrency", { $0.concurrency = 1 }),
        ("environment", { $0.environment = ["A": "B"] }), ("secrets", { $0.secrets = ["other"] }),
        (
            "environmentSources",
            { $0.environmentSources = [try? Target.EnvironmentSource(.secret, "other")].compactMap(\.self) }
        ),
        ("source", { $0.source = SourceCode(runtime: nil, files: ["other.txt": "text"]) }),
        ("resources", { $0.resources.cpu = try? Quantity("1", field: "") }),
        ("readinessProbe", { $0.readinessProbe = ReadinessProbe(path: "/other") }),
        ("startTimeout", { $0.startTimeout = .seconds(9) }), ("watch", { $0.watch = true }),
        ("forwardsAuthorization", { $0.forwardsAuthorization = true }), ("hasIdentity", { $0.hasIdentity = true }),
        ("timeout", { $0.timeout = .seconds(1) }), ("drainTimeout", { $0.drainTimeout = .seconds(1) }),
        ("scaling", { $0.scaling.idle = .seconds(1) }),
        ("limits", { $0.limits.inFlight = 1 }),
    ]

    @Test func `these tests cover every field of a target and of a launch`() throws {
        #expect(Target.storedFields == Set(Self.changes.map(\.field)), "add a change of each new field to the table")
        let parts = Mirror(reflecting: try launch(Target(command: ["x"]))).children.compactMap(\.label)
        #expect(
            Set(parts) == [
                "function", "name", "revision", "generation", "obstacle", "command", "source", "environment",
                "workingFolder", "probe", "startTimeout", "namesSecrets", "stopTimeout",
            ], "a new part must be in the revision, or a test must show that it does not matter")
    }

    @Test(arguments: StartRevisionTests.changes.map(\.field)) func `a field that changes a start changes the revision`(
        field: String
    ) throws {
        let change = try #require(Self.changes.first { $0.field == field }?.change)
        let before = Target(image: "i", command: ["x"])
        var after = before
        change(&after)
        #expect(after != before)
        let (old, new) = (try launch(before), try launch(after))
        let isSameStart =
            old.obstacle == new.obstacle && old.command == new.command && old.source == new.source
            && old.environment == new.environment
            && old.probe == new.probe && old.workingFolder == new.workingFolder && old.name == new.name
            && old.function == new.function
        if !isSameStart { #expect(old.revision != new.revision) }
    }

    @Test func `a requested restart is part of the revision`() {
        let target = Target(command: ["x"])
        let revisions = [nil, "1", "2"].map { Revision(of: target, in: "/a", restartedAt: $0) }
        #expect(Set(revisions).count == 3)
    }

    @Test func `the working folder is part of the revision, but the line of the manifest is not`() throws {
        let target = Target(command: ["x"])
        #expect(try launch(target, folder: "/functions/b").revision != launch(target).revision)
        #expect(try launch(target).revision == launch(target).revision)
    }

    @Test func `an object of Kubernetes that a function requires is a failure without a start`() throws {
        var life = FunctionLifecycle(policy: RestartPolicy(), firstNumber: 1)
        let moment = Moment(steady: .zero, wall: 0)
        let optional = try Target.EnvironmentSource(.secret, "extra", isOptional: true)
        let sources = [
            try Target.EnvironmentSource(.configMap, "settings"), optional,
            try Target.EnvironmentSource(.secret, "keys"),
        ]
        let needs = try launch(Target(command: ["x"], environmentSources: sources))
        #expect(life.apply(needs, count: 1, retiring: [], at: moment) == [])
        let startFailure = try #require(life.startFailure)
        #expect(startFailure.reason == "NeedsKubernetes" && startFailure.stage == .start && !startFailure.isTimeout)
        for part in ["hello needs", "target.envFrom names ConfigMap settings, Secret keys.", "target.env "] {
            #expect(startFailure.message.contains(part), "\(startFailure.message)")
        }
        // An optional object may be absent. The edit is tried at once.
        let skips = try launch(Target(command: ["x"], environmentSources: [optional]))
        #expect(life.apply(skips, count: 1, retiring: [], at: moment) == [.start(Replica.ID("hello-1"), skips)])
        #expect(life.startFailure == nil)
    }

    @Test func `a changed stop timeout applies to running replicas`() throws {
        var life = FunctionLifecycle(policy: RestartPolicy(), firstNumber: 1)
        let start = Moment(steady: .zero, wall: 0)
        var target = Target(command: ["x"], timeout: .seconds(5))
        _ = life.apply(try launch(target), count: 1, retiring: [], at: start)
        target.timeout = .seconds(20)
        _ = life.apply(try launch(target), count: 0, retiring: life.replicas.map(\.id), at: start)
        #expect(life.nextDeadline == .seconds(20))
    }

    @Test func `a manifest that moves to another folder starts its replicas there`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("old/a.yaml", manifest("alpha"))
        let directory = ManifestDirectory(
            LocalOptions(folder: folder.path, launcher: "/nothing", sourcesFolder: "/nothing", environment: [:]),
            logger: quiet)
        directory.scan()
        func alpha() async throws -> Function? {
            try await directory.withSnapshots {
                for await snapshot in $0 { return snapshot.functions.first }; return nil
            }
        }
        let before = try #require(try await alpha())
        try folder.write("new/a.yaml", manifest("alpha"))
        try folder.remove("old/a.yaml")
        try await eventually("the function has moved") {
            directory.scan()
            return try await alpha()?.origin.location == "new/a.yaml"
        }
        let after = try #require(try await alpha())
        #expect(after.id == before.id && after.draft == before.draft)
        #expect(after.revision != before.revision)
    }
}
