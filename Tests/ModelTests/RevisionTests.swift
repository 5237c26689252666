import F2SModel
import Testing

@Suite struct RevisionTests {
    private let target = Target(
        image: "hello:1", command: ["a", "b"], environment: ["A": "1", "B": "2"], secrets: ["s"],
        resources: Resources())

    @Test func `a revision is the same in every process and on every machine`() {
        // These are constants, because running replicas must remain current after F2S itself is replaced.
        #expect(Revision(of: Target(image: "hello:1")).text == "cb2bb20c7cb2855e")
        #expect(Revision(of: target).text == "34a09e767101b59b")
    }

    private static func sources(
        _ sources: (Target.EnvironmentSource.Kind, String, Bool)...
    ) -> [Target.EnvironmentSource] {
        sources.compactMap { try? Target.EnvironmentSource($0.0, $0.1, isOptional: $0.2) }
    }

    private static let restarts: [@Sendable (inout Target) -> Void] = [
        { $0.image = "hello:2" }, { $0.image = nil }, { $0.command = ["a"] }, { $0.command = ["ab"] },
        { $0.command = ["b", "a"] }, { $0.environment["A"] = "2" }, { $0.environment = ["A": "1"] },
        { $0.environment = ["A1": "", "B": "2"] }, { $0.secrets = [] }, { $0.secrets = ["s", "t"] }, { $0.port = 1 },
        { $0.readinessProbe = ReadinessProbe(path: "/") }, { $0.readinessProbe = ReadinessProbe(path: "/x") },
        { $0.environmentSources = sources((.configMap, "s", false)) },
        { $0.environmentSources = sources((.configMap, "s", true)) },
        { $0.environmentSources = sources((.secret, "s", false)) },
        { $0.environmentSources = sources((.configMap, "s", false), (.secret, "s", false)) },
        { $0.environmentSources = sources((.secret, "s", false), (.configMap, "s", false)) },
        { $0.resources.cpu = try? Quantity("1", field: "") }, { $0.resources.memory = try? Quantity("1", field: "") },
    ]

    @Test func `every input of a replica's start changes the revision`() {
        let revisions = Self.restarts.map { change in
            var changed = target
            change(&changed)
            return Revision(of: changed)
        }
        #expect(Set(revisions + [Revision(of: target)]).count == revisions.count + 1)
        #expect(revisions.allSatisfy { $0.text.count == 16 })
    }

    private static let noRestarts: [@Sendable (inout Target) -> Void] = [
        { $0.path = "/x" }, { $0.minReplicas = 1 }, { $0.maxReplicas = 9 }, { $0.concurrency = 1 },
        { $0.timeout = .seconds(1) },
        { $0.scaling.idle = .seconds(1) },
        { $0.limits = FunctionLimits(inFlight: 1, queued: 1, rate: 1, burst: 1) },
        { $0.environment = ["B": "2", "A": "1"] },
    ]

    @Test func `limits, scaling and the order of variables do not change the revision`() {
        for change in Self.noRestarts {
            var changed = target
            change(&changed)
            #expect(Revision(of: changed) == Revision(of: target))
        }
    }

    @Test func `different labels and annotations of a replica give different revisions`() {
        let metadata = [
            FunctionMetadata.none, FunctionMetadata(labels: ["a": "b"]), FunctionMetadata(labels: ["a": "c"]),
            FunctionMetadata(annotations: ["a": "b"]), FunctionMetadata(labels: ["a": "b"], annotations: ["a": "b"]),
        ]
        #expect(Set(metadata.map { Revision(of: target, carrying: $0) }).count == metadata.count)
        #expect(Revision(of: target, carrying: .none) == Revision(of: target))
    }

    @Test(arguments: [true, false])
    func `labels change the revision only if replicas carry them`(carriesMetadata: Bool) throws {
        func revision(_ metadata: FunctionMetadata) throws -> Revision {
            Function(
                id: Function.ID("1"),
                draft: FunctionDraft(
                    name: try FunctionName("a"), route: try Route("/a"), target: target, metadata: metadata),
                generation: 1, storeRevision: StoreRevision("1"), age: 1,
                origin: Function.Origin(location: "a", carriesMetadata: carriesMetadata, isWritable: true)
            ).revision
        }
        let isOther = try revision(FunctionMetadata(labels: ["team": "shop"])) != revision(.none)
        #expect(isOther == carriesMetadata)
    }

    @Test(arguments: [
        "kubectl.kubernetes.io/last-applied-configuration", "kubectl.kubernetes.io/restartedAt",
        "deployment.kubernetes.io/revision", "meta.helm.sh/release-name", "helm.sh/chart",
        "argocd.argoproj.io/tracking-id", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name",
        "app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "config.kubernetes.io/origin",
        "f2s.opensight.ch/function-uid", "pod-template-hash",
    ])
    func `keys that tools use for their own records are dropped`(key: String) {
        #expect(FunctionMetadata(labels: [key: "x", "team": "shop"]).labels == ["team": "shop"])
        #expect(FunctionMetadata(annotations: [key: "x"]).isEmpty)
    }

    @Test(arguments: [
        "team", "example.org/team", "app.kubernetes.io/part-of", "app.kubernetes.io/version", "prometheus.io/scrape",
        "sidecar.istio.io/inject", "cluster-autoscaler.kubernetes.io/safe-to-evict", "nothelm.sh/x",
    ])
    func `keys that are meant for pods are kept`(key: String) {
        #expect(FunctionMetadata(labels: [key: "x"]).labels == [key: "x"])
    }

    @Test func `the hash depends on the ends of texts and lists, not only on their characters`() {
        func hash(_ lists: [String]...) -> String {
            var hash = StableHash()
            for list in lists { hash.add(list: list) }
            return hash.hexadecimal
        }
        let all = [
            hash(["ab", "c"]), hash(["a", "bc"]), hash(["abc"]), hash(["ab"], ["c"]), hash([]), hash([""]),
            hash([], []),
        ]
        #expect(Set(all).count == all.count)
        #expect(StableHash().hexadecimal == "cbf29ce484222325")
    }
}
