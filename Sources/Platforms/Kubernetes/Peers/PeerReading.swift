import F2SModel

/// What F2S's own pods mean: processes, where they listen, and which of them serve. Pure.
struct PeerReading: Sendable {
    /// Every process.
    let snapshot: PeerSnapshot

    init(pods: some Collection<PodObservation>, options: KubernetesOptions) {
        var own = Peer(
            id: options.podName, address: Replica.Address(ip: options.podIP, port: options.internalPort),
            // Outside of any pod nobody ever calls it ready, and it serves all the same.
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
                        // A container that was never started, or has ended, can have nothing in hand.
                        isAlive: pod.isRunning && !pod.isOver))
            }
        }
        snapshot = PeerSnapshot(own: own, others: others)
    }
}
