import F2SModel
import Testing

@testable import F2SKubernetes

/// Replicas that must not be used again, on a real API server.
@Suite(.enabled(if: TestCluster.kubeconfig != nil, "F2S_TEST_KUBECONFIG names an API server"))
struct ReplacedPodTests {
    /// A leading process. Only its election runs, and the tests set the state of its watch of pods.
    private struct Scene: Sendable {
        let client: KubernetesClient
        let namespace: String
        let runtime: KubernetesRuntime

        /// Creates an unschedulable pod, which disappears as soon as it is deleted.
        func makePod(_ name: String, of function: Function.ID) async throws -> PodObservation {
            let manifest: JSONValue = [
                "apiVersion": "v1", "kind": "Pod",
                "metadata": ["name": .string(name), "labels": [ObjectLabel.function: .string(function.text)]],
                "spec": [
                    "automountServiceAccountToken": false, "nodeSelector": ["kubernetes.io/hostname": "nowhere"],
                    "containers": [["name": "function", "image": "i"]],
                ],
            ]
            let deadline = ContinuousClock.now + .seconds(30)
            while true {
                do {
                    return try await client.create(.pods, namespace, manifest).decoded(as: PodObservation.self)
                } catch let error as KubernetesError where error.isForbidden || error.isRetryable {
                    // A new namespace accepts no pods until the controllers have created its service account.
                    guard ContinuousClock.now < deadline else { throw error }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }

        /// Returns the UIDs of all pods that are not being deleted.
        func remaining() async throws -> Set<String> {
            let pods = try await client.list(.pods, namespace, as: PodObservation.self)
            return Set(pods.items.filter { !$0.isDeleting }.map(\.uid))
        }
    }

    private static func run(_ body: (Scene) async throws -> Void) async throws {
        try await TestCluster.withNamespaces { functions, containers in
            var options = KubernetesOptions(
                namespace: functions, functionsNamespace: containers, podName: "a", podIP: "127.0.0.1", token: "t")
            // Long, so that a stalled API server on a busy machine does not end the leadership during a test.
            options.failover = .seconds(60)
            let client = KubernetesClient(
                try ClusterAccess.load(kubeconfig: TestCluster.kubeconfig, environment: [:]), logger: .silent)
            let result: Result<Void, any Error>
            do {
                let election = LeaseElection(client: client, options: options, logger: .silent)
                async let _: Void = election.run()
                while !election.isLeader { try await Task.sleep(for: .milliseconds(10)) }
                let store = KubernetesFunctionStore(
                    client: client, namespace: functions, leadingTime: { .seconds(10) }, logger: .silent)
                let runtime = KubernetesRuntime(
                    client: client, options: options, store: store, election: election,
                    events: EventJournal(eventsMax: 1), logger: .silent)
                result = .success(
                    try await body(Scene(client: client, namespace: containers, runtime: runtime)))
            } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try result.get()
        }
    }

    @Test func `the leader deletes exactly the named pods, and a pod that no longer exists is no failure`() async throws
    {
        try await Self.run { scene in
            let function = Function.ID("f")
            let named = try await scene.makePod("named", of: function)
            let unnamed = try await scene.makePod("unnamed", of: function)
            let foreign = try await scene.makePod("foreign", of: Function.ID("g"))
            // The watch still shows two pods that no longer exist. Another pod now has the name of one of them.
            let newer = try await scene.makePod("again", of: function)
            let gone = samplePod("gone", function: function.text)
            let earlier = samplePod("earlier", function: function.text) { $0.name = newer.name }
            let shown = [named, unnamed, foreign, gone, earlier]
            scene.runtime.pods.latest.publish(
                MirroredCollection(Dictionary(uniqueKeysWithValues: shown.map { ($0.uid, $0) })))

            try await scene.runtime.replace([gone, earlier, named].map { Replica.ID($0.uid) }, of: function)
            let expected: Set = [unnamed.uid, foreign.uid, newer.uid]
            #expect(try await scene.remaining() == expected)
            // The watch may be late, so the runtime may be called again for a pod that the watch still shows.
            try await scene.runtime.replace([Replica.ID(named.uid)], of: function)
            #expect(try await scene.remaining() == expected)
        }
    }
}
