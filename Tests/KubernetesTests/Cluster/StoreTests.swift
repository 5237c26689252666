import F2SManifest
import F2SModel
import Foundation
import Logging
import TestSupport
import Testing

@testable import F2SKubernetes

/// The store and the objects of functions, on an API server without a node.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"), .serialized)
struct APIServerSerial {
    private func run(
        _ body: @escaping @Sendable (RunningPlatform) async throws -> Void
    ) async throws {
        try await TestCluster.withNamespaces { functions, containers in
            try await RunningPlatform.run(functions: functions, containers: containers, body)
        }
    }

    @Test func `the Kubernetes platform passes the conformance tests of a store`() async throws {
        try await run { running in
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            let conformance = PlatformConformance(
                running.platform, target: Target(image: "one"), otherTarget: Target(image: "other"),
                namespace: running.options.namespace)
            try await conformance.verifyStore()
            try await conformance.verifyVersions()
            try await conformance.verifyStatus()
            try conformance.verifyEvents()
        }
    }

    @Test func `a status update does not conflict with an edit, and labels of other clients stay`() async throws {
        try await run { running in
            let store = running.platform.functions
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            var draft = try running.draft("edited")
            let first = try await store.create(draft)
            try TestCluster.kubectl("label", "f2sfn", "edited", "team=x", "--namespace", running.options.namespace)
            try await store.setStatus(FunctionStatus(observedGeneration: 1, replicas: 2), of: first.id)
            draft.summary = "changed"
            let second = try await store.replace(draft, ifRevision: first.storeRevision)
            #expect(second.generation == 2 && second.status.replicas == 2)
            let labels = try TestCluster.kubectl(
                "get", "f2sfn", "edited", "--namespace", running.options.namespace, "--output",
                "jsonpath={.metadata.labels.team}")
            #expect(labels == "x")
        }
    }

    @Test func `labels and annotations are stored, kept, and applied to the pods`() async throws {
        try await run { running in
            let store = running.platform.functions
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            var draft = try running.draft("labelled")
            draft.metadata = FunctionMetadata(labels: ["team": "shop"], annotations: ["example.org/contact": "a b"])
            let function = try await store.create(draft)
            #expect(function.draft.metadata == draft.metadata)
            try await running.platform.replicas.apply(function, .fixed(1), retiring: [])
            func pods(_ path: String) throws -> String {
                try TestCluster.kubectl(
                    "get", "deployment", "labelled", "--namespace", running.options.functionsNamespace, "--output",
                    "jsonpath={.metadata.labels.team} {.spec.template.metadata\(path)}")
            }
            #expect(try pods(".labels.team") == "shop shop")
            #expect(try pods(#".annotations.example\.org/contact"#) == "shop a b")
            try TestCluster.kubectl(
                "label", "f2sfn", "labelled", "team=other", "tier=1", "--overwrite", "--namespace",
                running.options.namespace)
            try await running.eventually("the new label causes a new revision") {
                try await running.functions().functions.first?.revision != function.revision
            }
            let newer = try #require(try await running.functions().functions.first)
            try await running.platform.replicas.apply(newer, .fixed(1), retiring: [])
            #expect(try pods(".labels.tier") == "other 1")
            // A draft without labels keeps the existing ones. A draft with a label changes only that one.
            draft.metadata = FunctionMetadata(labels: ["team": "third"])
            let third = try await store.replace(draft, ifRevision: nil)
            #expect(third.draft.metadata.labels == ["team": "third", "tier": "1"])
            #expect(third.draft.metadata.annotations == ["example.org/contact": "a b"])
            draft.metadata = .none
            draft.summary = "other"
            #expect(try await store.replace(draft, ifRevision: nil).draft.metadata == third.draft.metadata)
        }
    }

    @Test func `a resource names the caller who has changed it last, and its pods do not`() async throws {
        try await run { running in
            let store = running.platform.functions
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            func changedBy() throws -> String {
                try TestCluster.kubectl(
                    "get", "f2sfn", "changed", "--namespace", running.options.namespace, "--output",
                    #"jsonpath={.metadata.annotations.f2s\.opensight\.ch/changed-by}"#)
            }
            var draft = try running.draft("changed")
            draft.metadata = FunctionMetadata(annotations: ["example.org/contact": "a b"])
            let function = try await store.create(draft, by: "ann \"x\"")
            #expect(try changedBy() == "ann \"x\"")
            #expect(function.draft.metadata == draft.metadata)
            try await running.platform.replicas.apply(function, .fixed(1), retiring: [])
            let pods = try TestCluster.kubectl(
                "get", "deployment", "changed", "--namespace", running.options.functionsNamespace, "--output",
                "jsonpath={.metadata.annotations} {.spec.template.metadata.annotations}")
            #expect(pods.contains("a b") && !pods.contains("changed-by"))
            draft.summary = "other"
            let second = try await store.replace(draft, ifRevision: nil, by: "bob")
            #expect(try changedBy() == "bob")
            #expect(second.revision == function.revision, "the caller does not replace the pods")
            _ = try await store.restart(draft.name, by: "eve")
            #expect(try changedBy() == "eve")
            // Without authentication the caller is not known.
            draft.summary = "third"
            _ = try await store.replace(draft, ifRevision: nil)
            #expect(try changedBy() == "")
        }
    }

    @Test func `an invalid resource is reported, also in its status, and the last valid version stays in force`()
        async throws
    {
        try await run { running in
            let namespace = running.options.namespace
            _ = try await running.platform.functions.create(try running.draft("bad"))
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            try TestCluster.kubectl(
                "patch", "f2sfn", "bad", "--namespace", namespace, "--type=merge", "--patch",
                #"{"target":{"minReplicas":9,"maxReplicas":2}}"#)
            try await running.eventually("the rejection is in the snapshot") {
                try await running.functions().rejections.map(\.location) == ["\(namespace)/bad"]
            }
            #expect(try await running.functions().functions.map(\.name.text) == ["bad"])
            func refused() throws -> String {
                try TestCluster.kubectl(
                    "get", "f2sfn", "bad", "--namespace", namespace, "--output",
                    #"jsonpath={.status.conditions[?(@.type=="Refused")].message}"#)
            }
            try await running.eventually("the status contains the rejection") {
                try refused().contains("target.minReplicas")
            }
            try TestCluster.kubectl(
                "patch", "f2sfn", "bad", "--namespace", namespace, "--type=merge", "--patch",
                #"{"target":{"minReplicas":1}}"#)
            try await running.eventually("the resource is accepted again") { try refused().isEmpty }
            #expect(try await running.functions().rejections.isEmpty)
        }
    }

    @Test func `a function has a Deployment and a Service, which are repaired, and deleted with the function`()
        async throws
    {
        try await run { running in
            let containers = running.options.functionsNamespace
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            let function = try await running.platform.functions.create(try running.draft("mine"))
            try await running.platform.replicas.apply(function, .fixed(3), retiring: [])
            func replicas() throws -> String {
                try TestCluster.kubectl(
                    "get", "deployment,service", "--namespace", containers, "--output",
                    "jsonpath={.items[*].kind} {.items[*].spec.replicas}")
            }
            #expect(try replicas() == "Deployment Service 3")
            try TestCluster.kubectl("scale", "deployment/mine", "--replicas=7", "--namespace", containers)
            try await running.eventually("the manual edit is repaired") { try replicas() == "Deployment Service 3" }
            try TestCluster.kubectl("delete", "service/mine", "deployment/mine", "--namespace", containers)
            try await running.eventually("the deleted objects are created again") {
                try replicas() == "Deployment Service 3"
            }
            // The test does not call `remove`, so only the sweep can delete the objects.
            try TestCluster.kubectl("delete", "f2sfn", "mine", "--namespace", running.options.namespace)
            try await running.eventually("all objects are deleted") {
                try replicas().trimmingCharacters(in: [" "]).isEmpty
            }
        }
    }

    @Test func `a number that the cluster owns stays through F2S's writes, and zero becomes one`() async throws {
        try await run { running in
            let (containers, replicas) = (running.options.functionsNamespace, running.platform.replicas)
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            var draft = try running.draft("scaled")
            let function = try await running.platform.functions.create(draft)
            func deployment() throws -> String {
                try TestCluster.kubectl(
                    "get", "deployment/scaled", "--namespace", containers, "--output",
                    #"jsonpath={.spec.replicas} {.spec.template.metadata.labels.f2s\.opensight\.ch/revision}"#)
            }
            func scale(to count: Int) throws {
                try TestCluster.kubectl("scale", "deployment/scaled", "--replicas=\(count)", "--namespace", containers)
            }
            try await replicas.apply(function, .fixed(3), retiring: [])
            try await replicas.apply(function, .byCluster, retiring: [])
            #expect(try deployment() == "3 \(function.revision)")
            try scale(to: 5)
            draft.target.environment = ["A": "b"]
            let newer = try await running.platform.functions.replace(draft, ifRevision: nil)
            try await replicas.apply(newer, .byCluster, retiring: [])
            #expect(try deployment() == "5 \(newer.revision)")
            try scale(to: 0)
            try await running.eventually("the first replica is provided") {
                try deployment() == "1 \(newer.revision)"
            }
        }
    }

    @Test func `a Deployment and a Service that F2S does not own stay unchanged, and callers get the reason`()
        async throws
    {
        try await run { running in
            let containers = running.options.functionsNamespace
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            try TestCluster.kubectl("create", "deployment", "theirs", "--image=x", "--namespace", containers)
            try TestCluster.kubectl("create", "service", "clusterip", "other", "--tcp=80", "--namespace", containers)
            func objects() throws -> String {
                try TestCluster.kubectl(
                    "get", "deployment/theirs", "service/other", "--namespace", containers, "--output",
                    "jsonpath={range .items[*]}{.spec}{.metadata.labels}{.metadata.uid}{end}")
            }
            let before = try objects()
            for name in ["theirs", "other"] {
                let function = try await running.platform.functions.create(try running.draft(name))
                await #expect(throws: WorkloadError.self) {
                    try await running.platform.replicas.apply(function, .fixed(1), retiring: [])
                }
                try await running.promptly("callers get the reason", bar: .seconds(2)) {
                    let startFailure = try await running.replicas().startFailures[function.id]
                    return startFailure?.reason == "NameTaken" && startFailure?.stage == .scale
                }
            }
            #expect(try objects() == before)
        }
    }

    @Test func `an object is swept if the API server does not know its function, and not before`()
        async throws
    {
        try await TestCluster.withNamespaces { namespace, containers in
            let options = KubernetesOptions(
                namespace: namespace, functionsNamespace: containers, podName: "a", podIP: "127.0.0.1", token: "t")
            let logger = Logger(label: "sweep")
            let client = KubernetesClient(
                try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: logger)
            // Only the election runs, so this process knows of no function at all.
            let election = LeaseElection(client: client, options: options, logger: logger)
            async let _: Void = election.run()
            while !election.isLeader { try await Task.sleep(for: .milliseconds(10)) }
            let store = KubernetesFunctionStore(
                client: client, namespace: namespace, leadingTime: { .seconds(10) }, logger: logger)
            let runtime = KubernetesRuntime(
                client: client, options: options, store: store, election: election,
                events: EventJournal(eventsMax: 10), logger: logger)
            let declaration: JSONValue = [
                "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": ["name": "kept"],
                "spec": ["endpoint": "/kept"], "target": ["containerImage": "i"],
            ]
            let function = try await client.create(.functions, namespace, declaration, priority: .activation)
            let uid = try #require(function["metadata"]?["uid"]?.text)
            let service: JSONValue = [
                "apiVersion": "v1", "kind": "Service",
                "metadata": [
                    "name": "kept",
                    "labels": [ObjectLabel.name: "kept", ObjectLabel.function: .string(uid)],
                ],
                "spec": ["ports": [["port": 80]]],
            ]
            let object = try ObservedObject(
                try await client.create(.services, containers, service, priority: .activation))
            #expect(try await runtime.sweep(.services, object) == false)
            let found: ObservedObject = try await client.get(.services, containers, "kept", priority: .activation)
            #expect(found.uid == object.uid)
            try TestCluster.kubectl("delete", "f2sfn", "kept", "--namespace", namespace)
            #expect(try await runtime.sweep(.services, object))
            let gone = await #expect(throws: KubernetesError.self) {
                let _: ObservedObject = try await client.get(.services, containers, "kept", priority: .activation)
            }
            #expect(gone?.isNotFound == true)
            await client.shutdown()
        }
    }

    @Test func `a late write of a former leader is rejected after a write of its successor`() async throws {
        try await run { running in
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            let function = try await running.platform.functions.create(try running.draft("fenced"))
            try await running.platform.replicas.apply(function, .fixed(0), retiring: [])
            let client = KubernetesClient(
                try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: .silent)
            let containers = running.options.functionsNamespace
            func fetch() async throws -> JSONValue {
                try await client.get(.deployments, containers, "fenced", as: JSONValue.self)
            }
            // The state that the former leader has read, and the object that it would write.
            let seen = try await fetch()
            let manifest = WorkloadManifest(
                function: function,
                settings: WorkloadManifest.Settings(
                    namespace: containers, functionNamespace: running.options.namespace, drainAddress: nil,
                    requestTimeout: .seconds(1), drainTimeout: .seconds(1), imagePullSecrets: [],
                    runtimeImage: { _ in nil }))
            var late = manifest.deployment(replicas: 7, keeping: nil)
            var metadata = late["metadata"] ?? [:]
            metadata["resourceVersion"] = seen["metadata"]?["resourceVersion"]
            late["metadata"] = metadata
            try await running.platform.replicas.apply(function, .fixed(3), retiring: [])
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await client.apply(.deployments, containers, "fenced", late, force: true)
            }
            #expect(error?.isConflict == true)
            #expect(try await fetch()["spec"]?["replicas"]?.integerValue == 3)
            await client.shutdown()
        }
    }

    @Test func `kubectl describe shows the event and the condition of an invalid declaration`()
        async throws
    {
        try await run { running in
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            let client = KubernetesClient(
                try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: .silent)
            let namespace = running.options.namespace
            _ = try await client.create(
                .functions, namespace,
                [
                    "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": ["name": "bad"],
                    "spec": ["endpoint": "/bad"],
                    "target": ["containerImage": "i", "minReplicas": 3, "maxReplicas": 2],
                ])
            try await running.eventually("kubectl shows the event and the condition") {
                let text = try TestCluster.kubectl("describe", "f2sfn", "bad", "--namespace", namespace)
                let events = text.split(separator: "Events:").last.map { String($0) } ?? ""
                return events.contains("Refused") && text.contains("InvalidDeclaration")
            }
            let columns = try TestCluster.kubectl("get", "f2sfn", "bad", "--namespace", namespace)
            #expect(columns.contains("Refused") && columns.contains("False"), "\(columns)")
            await client.shutdown()
        }
    }

    @Test func `kubectl can apply a function that was read from the store`() async throws {
        try await run { running in
            let function = try await running.platform.functions.create(try running.draft("again-applied"))
            let file = "/tmp/f2s-\(function.id.text).yaml"
            defer { unlink(file) }
            try Data(ManifestWriter().yaml(function).utf8).write(to: URL(fileURLWithPath: file))
            let said = try TestCluster.kubectl("apply", "--filename", file)
            #expect(said.contains("again-applied configured") || said.contains("again-applied unchanged"), "\(said)")
        }
    }

    @Test func `a function that is declared again under its name gets its own objects`() async throws {
        try await run { running in
            try await running.eventually("this process leads") { running.platform.election.isLeader }
            let store = running.platform.functions
            let first = try await store.create(try running.draft("again"))
            try await running.platform.replicas.apply(first, .fixed(0), retiring: [])
            try await store.delete(first.name, ifRevision: nil)
            let second = try await store.create(try running.draft("again"))
            #expect(second.id != first.id)
            try await running.eventually("the new function has its Deployment") {
                (try? await running.platform.replicas.apply(second, .fixed(0), retiring: [])) != nil
            }
            let owner = try TestCluster.kubectl(
                "get", "deployment/again", "service/again", "--namespace", running.options.functionsNamespace,
                "--output", #"jsonpath={.items[*].metadata.labels.f2s\.opensight\.ch/function-uid}"#)
            #expect(owner == "\(second.id) \(second.id)")
        }
    }

    @Test func `unchanged objects are not written again, neither by this process nor by the next one`() async throws {
        try await TestCluster.withNamespaces { functions, containers in
            func versions() throws -> String {
                try TestCluster.kubectl(
                    "get", "deployment,service", "--namespace", containers, "--output",
                    "jsonpath={.items[*].metadata.resourceVersion}")
            }
            let target = Target(
                image: "i:1", environment: ["EMPTY": "", "A": "1"], secrets: ["s"],
                environmentSources: [
                    try Target.EnvironmentSource(.configMap, "c"),
                    try Target.EnvironmentSource(.secret, "t", isOptional: true),
                ],
                resources: Resources(cpu: try Quantity("0.5", field: ""), memory: try Quantity("1024Mi", field: "")),
                readinessProbe: ReadinessProbe(path: "/ready"))
            let function = try await RunningPlatform.run(functions: functions, containers: containers) { running in
                let function = try await running.platform.functions.create(try running.draft("still", target))
                try await running.platform.replicas.apply(function, .fixed(0), retiring: [])
                return function
            }
            let before = try versions()
            try await RunningPlatform.run(functions: functions, containers: containers) { running in
                let runtime = running.platform.replicas
                for _ in 0..<2 { try await runtime.apply(function, .fixed(0), retiring: []) }
            }
            #expect(try versions() == before)
        }
    }

    @Test func `the next leader takes over at once after the first one resigns`() async throws {
        try await TestCluster.withNamespaces { functions, containers in
            try await RunningPlatform.run(functions: functions, containers: containers, pod: "a") { a in
                try await a.eventually("a leads") { a.platform.election.isLeader }
                try await RunningPlatform.run(functions: functions, containers: containers, pod: "b") { b in
                    #expect(!b.platform.election.isLeader)
                    await a.kubernetes.resign()
                    #expect(!a.platform.election.isLeader)
                    try await b.promptly("b leads", bar: .seconds(2)) {
                        // Repeated, because a busy API server may not have answered the first request in time.
                        await a.kubernetes.resign()
                        return b.platform.election.isLeader
                    }
                }
            }
        }
    }

    @Test func `the next leader takes over soon after the first one vanishes, and not before its lease has ended`()
        async throws
    {
        try await TestCluster.withNamespaces { functions, containers in
            let failover = Duration.seconds(4)
            var options = KubernetesOptions(
                namespace: functions, functionsNamespace: containers, podName: "a", podIP: "127.0.0.1", token: "t")
            options.failover = failover
            let client = KubernetesClient(
                try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: .silent)
            // Only its election runs, because the platform resigns when it ends, even if its task is cancelled.
            let first = LeaseElection(client: client, options: options, logger: .silent)
            let electing = Task { await first.run() }
            while !first.isLeader { try await Task.sleep(for: .milliseconds(10)) }
            electing.cancel()
            await electing.value
            await client.shutdown()
            let vanished = ContinuousClock.now
            try await RunningPlatform.run(
                functions: functions, containers: containers, pod: "b", adjust: { $0.failover = failover }
            ) { b in
                try await b.promptly("b leads", bar: .seconds(5)) { b.platform.election.isLeader }
                #expect(ContinuousClock.now - vanished >= failover, "not before the lease has ended")
            }
        }
    }
}
