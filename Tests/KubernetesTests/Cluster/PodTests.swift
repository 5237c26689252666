import F2SModel
import Foundation
import TestSupport
import Testing

@testable import F2SKubernetes

/// Pods on an API server without a node. The tests write the status that a kubelet would write.
@Suite(
    .enabled(if: TestCluster.kubeconfig != nil && !TestCluster.hasNode, "an API server without a node"), .serialized)
struct PodsByHandSerial {
    /// A function whose Deployment requests one pod.
    private struct Scene: Sendable {
        let running: RunningPlatform
        let client: KubernetesClient
        let function: Function
        var namespace: String { running.options.functionsNamespace }

        /// Returns the function's pods.
        func pods() async throws -> [PodObservation] {
            try await client.list(.pods, namespace, selector: ObjectLabel.selector(of: function.id)).items
        }

        /// Waits for the pod that the controllers create.
        func pod() async throws -> PodObservation {
            try await running.eventually("the controllers have created a pod") { try await !pods().isEmpty }
            return try #require(try await pods().first)
        }

        /// Binds a pod to a node that does not exist. The scheduler then ignores it, and when it is deleted it waits
        /// for a kubelet that does not exist.
        func bind(_ pod: PodObservation) async throws {
            _ = try await client.create(
                ResourceType(group: "", version: "v1", plural: "pods/\(pod.name)/binding", kind: "Binding"), namespace,
                [
                    "metadata": ["name": .string(pod.name)],
                    "target": ["apiVersion": "v1", "kind": "Node", "name": "nowhere"],
                ])
        }

        /// Writes the status of a pod as its kubelet would.
        func tell(_ status: JSONValue, of pod: PodObservation) async throws {
            _ = try await client.merge(.pods, namespace, pod.name, subresource: "status", ["status": status])
        }

        /// Writes the state of a container.
        func tell(
            container state: JSONValue, last: JSONValue = [:], restarts: Int = 0, of pod: PodObservation
        ) async throws {
            let container: JSONValue = [
                "name": "function", "image": "i", "imageID": "", "ready": false,
                "restartCount": JSONValue(restarts), "state": state, "lastState": last,
            ]
            try await tell(["containerStatuses": [container]], of: pod)
        }

        func replica(_ pod: PodObservation) async throws -> Replica? {
            try await running.replicas().replicas.first { $0.id == Replica.ID(pod.uid) }
        }

        func startFailure() async throws -> StartFailure? { try await running.replicas().startFailures[function.id] }
    }

    private func run(
        _ prepare: @escaping @Sendable (String) throws -> Void = { _ in },
        body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        try await TestCluster.withNamespaces { functions, containers in
            try prepare(containers)
            try await RunningPlatform.run(functions: functions, containers: containers) { running in
                try await running.eventually("this process leads") { running.platform.election.isLeader }
                let access = try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:])
                let client = KubernetesClient(access, logger: .silent)
                let result: Result<Void, any Error>
                do {
                    let function = try await running.platform.functions.create(try running.draft("pods"))
                    try await running.platform.replicas.apply(function, .fixed(1), retiring: [])
                    result = .success(try await body(Scene(running: running, client: client, function: function)))
                } catch {
                    result = .failure(error)
                }
                await client.shutdown()
                try result.get()
            }
        }
    }

    @Test func `an unschedulable pod is a start failure with the message of the scheduler`() async throws {
        try await run { scene in
            let pod = try await scene.pod()
            try await scene.running.eventually("the failure is reported") {
                guard let startFailure = try await scene.startFailure() else { return false }
                return startFailure.stage == .schedule && startFailure.reason == "FailedScheduling"
                    && startFailure.message.contains("nodes available")
            }
            // No invocation may wait for a replica that will not start.
            #expect(try await scene.replica(pod) == nil)
        }
    }

    @Test func `a replica gets an address, becomes ready, drains and disappears`() async throws {
        try await run { scene in
            let pod = try await scene.pod()
            try await scene.bind(pod)
            try await scene.tell(
                ["phase": "Pending", "podIP": "10.255.0.9", "podIPs": [["ip": "10.255.0.9"]]], of: pod)
            try await scene.running.eventually("the replica has an address") {
                let replica = try await scene.replica(pod)
                return replica?.state == .starting && replica?.address?.ip == "10.255.0.9"
            }
            try await scene.tell(
                ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]], of: pod)
            try await scene.running.eventually("the replica is ready") { try await scene.replica(pod)?.state == .ready }
            let runtime = scene.running.platform.replicas
            #expect(try await runtime.fetchLeaving(scene.function.id).isEmpty)
            try await scene.client.delete(.pods, scene.namespace, pod.name)
            #expect(try await runtime.fetchLeaving(scene.function.id) == [Replica.ID(pod.uid)])
            try await scene.running.eventually("the replica drains") {
                try await scene.replica(pod)?.state == .draining
            }
            try TestCluster.kubectl(
                "delete", "pod", pod.name, "--namespace", scene.namespace, "--force", "--grace-period=0")
            try await scene.running.eventually("the replica has disappeared") { try await scene.replica(pod) == nil }
            #expect(try await runtime.fetchLeaving(scene.function.id).isEmpty)
        }
    }

    @Test func `a replaced replica may drain while another one starts, and the others stay`() async throws {
        try await run { scene in
            let runtime = try #require(scene.running.platform.replicas as? KubernetesRuntime)
            try await runtime.apply(scene.function, .fixed(2), retiring: [])
            try await scene.running.eventually("the runtime sees two pods") {
                runtime.pods.latest.current.items.values.count { $0.function == scene.function.id } == 2
            }
            let pods = try await scene.pods()
            let unusable = try #require(pods.first)
            let sound = try #require(pods.last)
            // A deleted pod on a node stays until its hook has drained it.
            try await scene.bind(unusable)
            try await runtime.replace([Replica.ID(unusable.uid)], of: scene.function.id)
            #expect(try await runtime.fetchLeaving(scene.function.id) == [Replica.ID(unusable.uid)])
            try await scene.running.eventually("another pod replaces it") {
                let staying = Set(try await scene.pods().filter { !$0.isDeleting }.map(\.uid))
                return staying.count == 2 && staying.contains(sound.uid) && !staying.contains(unusable.uid)
            }
            try await scene.running.eventually("the runtime sees that the pod is being deleted") {
                runtime.pods.latest.current.items[unusable.name]?.isDeleting == true
            }
            try await runtime.replace([Replica.ID(unusable.uid)], of: scene.function.id)
            #expect(try await runtime.fetchLeaving(scene.function.id) == [Replica.ID(unusable.uid)])
            try TestCluster.kubectl(
                "delete", "pod", unusable.name, "--namespace", scene.namespace, "--force", "--grace-period=0")
        }
    }

    @Test func `an image that cannot be pulled, and a container that ends, are reported within seconds`() async throws {
        try await run { scene in
            let pod = try await scene.pod()
            try await scene.bind(pod)
            try await scene.tell(
                container: ["waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image"]], of: pod)
            try await scene.running.promptly("the image is the reported failure", bar: .seconds(2)) {
                let startFailure = try await scene.startFailure()
                return startFailure?.stage == .image && startFailure?.reason == "ImagePullBackOff"
            }
            try await scene.tell(
                container: ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off 10s"]],
                last: [
                    "terminated": [
                        "exitCode": 127, "reason": "Error", "startedAt": "2026-11-25T12:00:00Z",
                        "finishedAt": "2026-11-25T12:00:01Z",
                    ]
                ], restarts: 1, of: pod)
            try await scene.running.promptly("the exit status is reported", bar: .seconds(3)) {
                guard let startFailure = try await scene.startFailure() else { return false }
                return startFailure.stage == .start && "\(startFailure.reason) \(startFailure.message)".contains("127")
            }
        }
    }

    @Test func `a quota that allows no pods is reported`() async throws {
        try await run { containers in
            try TestCluster.kubectl("create", "quota", "none", "--hard=pods=0", "--namespace", containers)
        } body: { scene in
            try await scene.running.eventually("the quota is the reported failure") {
                guard let startFailure = try await scene.startFailure() else { return false }
                return startFailure.stage == .scale && startFailure.reason == "FailedCreate"
                    && startFailure.message.contains("exceeded quota")
            }
        }
    }
}

/// The conformance tests of a platform, on a cluster whose pods run.
@Suite(.enabled(if: TestCluster.hasNode, "F2S_TEST_NODE=1 and a cluster with a node"), .serialized)
struct ConformanceSerial {
    @Test func `the Kubernetes platform passes the conformance tests of a platform`() async throws {
        try await TestCluster.withNamespaces { functions, containers in
            try await RunningPlatform.run(functions: functions, containers: containers) { running in
                try await running.eventually("this process leads") { running.platform.election.isLeader }
                try await PlatformConformance(
                    running.platform, target: Target(image: TestCluster.functionImage),
                    otherTarget: Target(image: TestCluster.nextFunctionImage),
                    namespace: running.options.namespace, timeout: .seconds(60)
                ).verify()
            }
        }
    }
}
