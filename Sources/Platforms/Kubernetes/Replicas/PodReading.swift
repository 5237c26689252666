import F2SModel

/// What pods mean: replicas, and why functions have none. Pure; the latest state of the watches goes in.
struct PodReading: Sendable {
    /// The replicas that exist. A pod that fails is none until its container is started again: nobody may wait for it.
    private(set) var replicas: [Replica] = []
    /// What is wrong, by function.
    private(set) var failures: [Function.ID: PodFailure] = [:]
    /// Why replicas have ended that are started again, by function.
    private(set) var restarts: [Function.ID: StartTrouble] = [:]

    /// - Parameters:
    ///   - deployments: those of F2S; their template says which revision is the newest.
    ///   - unready: what is known about pods that run and are not ready.
    init(
        pods: some Collection<PodObservation>, deployments: ObjectIndex, unready: UnreadyPods = UnreadyPods()
    ) {
        var healthy: Set<Function.ID> = []
        for name in deployments.refused {
            guard let deployment = deployments[name], let function = deployment.function, let kept = deployment.kept,
                let refusal = deployment.refusal
            else { continue }
            failures[function] = PodFailure(refusal: refusal, revision: Revision(text: kept.revision))
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
        // Snapshots are compared: their order must not depend on a dictionary's.
        replicas.sort { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// The newer pod, because it was started from what is declared now; of two of one age, always the same.
    private static func isWorse(_ one: PodObservation, than other: PodObservation) -> Bool {
        (one.created, one.uid) > (other.created, other.uid)
    }

    private static func replica(
        _ pod: PodObservation, of function: Function.ID, failure: PodFailure?, wasReady: Bool
    ) -> Replica? {
        if let failure, !failure.isTryingAgain { return nil }
        // Its container has ended for good: there is nothing left to drain.
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
