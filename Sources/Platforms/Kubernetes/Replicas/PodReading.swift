import F2SModel

/// The replicas and failures that are derived from the latest state of the watches. Pure.
struct PodReading: Sendable {
    /// The existing replicas. A failing pod is not included until its container is restarted, so that no invocation
    /// waits for it.
    private(set) var replicas: [Replica] = []
    /// Failures by function.
    private(set) var failures: [Function.ID: PodFailure] = [:]
    /// By function, the reason why a replica that is being restarted has ended.
    private(set) var restarts: [Function.ID: StartFailure] = [:]

    /// - Parameters:
    ///   - deployments: F2S's own Deployments; their templates contain the newest revisions.
    ///   - unready: the state of pods that run and are not ready.
    init(
        pods: some Collection<PodObservation>, deployments: ObjectIndex, unready: UnreadyPods = UnreadyPods()
    ) {
        var healthy: Set<Function.ID> = []
        for name in deployments.refused {
            guard let deployment = deployments[name], let function = deployment.function, let kept = deployment.kept,
                let replicaFailure = deployment.replicaFailure
            else { continue }
            failures[function] = PodFailure(replicaFailure: replicaFailure, revision: Revision(text: kept.revision))
        }
        replicas.reserveCapacity(pods.count)
        var culprits: [Function.ID: PodObservation] = [:]
        var restarting: [Function.ID: PodObservation] = [:]
        var newest: [Function.ID: String?] = [:]
        for pod in pods {
            guard let function = pod.function, !pod.isOver else { continue }
            let revision = newest[function] ?? deployments.objects(of: function).last?.kept?.revision
            newest[function] = .some(revision)
            let isNewest = revision.map { $0 == pod.revision } ?? true
            let failure = PodFailure(pod, unready)
            if pod.isReady, !pod.isDeleting, isNewest { healthy.insert(function) }
            if let failure, isNewest, culprits[function].map({ Self.isWorse(pod, than: $0) }) ?? true {
                culprits[function] = pod
                failures[function] = failure
            }
            if failure == nil, isNewest, let restart = PodFailure.restart(of: pod, unready),
                restarting[function].map({ Self.isWorse(pod, than: $0) }) ?? true
            {
                restarting[function] = pod
                restarts[function] = restart
            }
            let wasReady = unready.wasReady(pod)
            if let replica = Self.replica(pod, of: function, failure: failure, wasReady: wasReady) {
                replicas.append(replica)
            }
        }
        for function in healthy {
            failures[function] = nil
            restarts[function] = nil
        }
        // Snapshots are compared, so their order must not depend on that of a dictionary.
        replicas.sort { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// Returns true if a pod is newer than the other, and so started from the newer declaration. Among pods of the same
    /// age the order is arbitrary but stable.
    private static func isWorse(_ one: PodObservation, than other: PodObservation) -> Bool {
        (one.created, one.uid) > (other.created, other.uid)
    }

    private static func replica(
        _ pod: PodObservation, of function: Function.ID, failure: PodFailure?, wasReady: Bool
    ) -> Replica? {
        if let failure, !failure.isTryingAgain { return nil }
        // Its container has ended for good, so it has nothing left to drain.
        if pod.isDeleting, pod.ended != nil { return nil }
        let state: Replica.State = pod.isDeleting ? .draining : pod.isReady ? .ready : .starting
        let hasEnded = pod.ended != nil
        var address: Replica.Address?
        if let ip = pod.ip, let port = pod.port, !hasEnded { address = Replica.Address(ip: ip, port: port) }
        return Replica(
            id: Replica.ID(pod.uid), function: function, revision: Revision(text: pod.revision), state: state,
            address: address, awaitsReadiness: pod.awaitsReadiness, isDown: state == .starting && wasReady,
            since: pod.created)
    }
}
