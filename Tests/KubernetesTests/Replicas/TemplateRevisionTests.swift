import F2SModel
import TestSupport
import Testing

@testable import F2SKubernetes

/// The pod template and its revision.
@Suite struct TemplateRevisionTests {
    /// One change for each field of a target.
    static let changes: [(field: String, change: @Sendable (inout Target) -> Void)] = [
        ("image", { $0.image = "other" }), ("command", { $0.command = ["other"] }), ("port", { $0.port = 1 }),
        ("path", { $0.path = "/other" }), ("minReplicas", { $0.minReplicas = 1 }),
        ("maxReplicas", { $0.maxReplicas = 9 }), ("concurrency", { $0.concurrency = 1 }),
        ("environment", { $0.environment = ["A": "B"] }), ("secrets", { $0.secrets = ["other"] }),
        (
            "environmentSources",
            { $0.environmentSources = [try? Target.EnvironmentSource(.configMap, "other")].compactMap(\.self) }
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

    private func template(_ target: Target, keeping kept: WorkloadManifest.Kept? = nil) throws -> JSONValue? {
        WorkloadManifest(function: try sampleFunction("hello", target), settings: sampleSettings())
            .deployment(replicas: 2, keeping: kept)["spec"]?["template"]
    }

    @Test func `the table contains a change of each field of a target`() {
        #expect(Target.storedFields == Set(Self.changes.map(\.field)), "add a change of each new field to the table")
    }

    /// Kubernetes replaces the pods of a changed template. F2S recognizes that only by the revision.
    @Test(arguments: TemplateRevisionTests.changes.map(\.field))
    func `a field that changes the pod template changes the revision`(field: String) throws {
        let change = try #require(Self.changes.first { $0.field == field }?.change)
        let before = Target(image: "i:1")
        var after = before
        change(&after)
        let old = try sampleFunction("hello", before).revision
        let new = try sampleFunction("hello", after).revision
        let kept = WorkloadManifest.Kept(revision: old.text, drainAddress: nil, graceSeconds: 1000, image: nil)
        if try template(before, keeping: kept)?["spec"] != template(after, keeping: kept)?["spec"] {
            #expect(old != new, "\(field)")
        }
    }

    @Test(arguments: [
        FunctionMetadata(labels: ["team": "shop"]), FunctionMetadata(labels: ["team": "other"]),
        FunctionMetadata(annotations: ["prometheus.io/scrape": "true"]),
        FunctionMetadata(labels: ["app.kubernetes.io/name": "mine"]),
    ])
    func `labels and annotations change the pod template and the revision`(metadata: FunctionMetadata) throws {
        let before = try sampleFunction()
        let after = try sampleFunction(metadata: metadata)
        #expect(before.revision != after.revision)
        func template(_ function: Function) -> JSONValue? {
            WorkloadManifest(function: function, settings: sampleSettings())
                .deployment(replicas: 1, keeping: nil)["spec"]?["template"]
        }
        #expect(template(before) != template(after))
    }

    /// The only exception, because the grace period of an existing pod cannot change, and a period that is too short
    /// would abort invocations. The pods before and after have the same revision.
    @Test func `only a longer timeout replaces pods within one revision`() throws {
        let before = Target(image: "i:1", timeout: .seconds(10))
        var after = before
        after.timeout = .seconds(60)
        let revision = try sampleFunction("hello", before).revision
        #expect(try sampleFunction("hello", after).revision == revision)
        let kept = WorkloadManifest.Kept(revision: revision.text, drainAddress: nil, graceSeconds: 40, image: nil)
        let longer = WorkloadManifest.Kept(revision: revision.text, drainAddress: nil, graceSeconds: 90, image: nil)
        #expect(try template(after, keeping: kept)?["spec"]?["terminationGracePeriodSeconds"] == 90)
        #expect(try template(after, keeping: kept) == template(before, keeping: longer), "nothing else changes")
    }
}
