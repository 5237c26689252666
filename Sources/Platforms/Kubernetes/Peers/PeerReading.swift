import F2SModel

/// The peers, with their addresses and readiness, as derived from F2S's own pods. Pure.
struct PeerReading: Sendable {
    /// This process and all others.
    let snapshot: PeerSnapshot

    init(pods: some Collection<PodObservation>, options: KubernetesOptions) {
        var own = Peer(
            id: options.podName, address: Replica.Address(ip: options.podIP, port: options.internalPort),
            // A process outside of any pod has no readiness condition, but it does serve.
            isReady: !pods.contains { $0.name == options.podName })
        var others: [Peer] = []
        for pod in pods {
            if pod.name == options.podName {
                own.isReady = pod.isReady && !pod.isDeleting
            } else {
                others.append(
                    Peer(
                        id: pod.name, address: pod.ip.map { Replica.Address(ip: $0, port: options.internalPort) },
                        isReady: pod.isReady && !pod.isDeleting && pod.isRunning,
                        // A container that never started, or that has ended, has no invocation in flight.
                        isAlive: pod.isRunning && !pod.isOver))
            }
        }
        snapshot = PeerSnapshot(own: own, others: others)
    }
}
