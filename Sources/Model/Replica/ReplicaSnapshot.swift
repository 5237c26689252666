/// Every replica at one moment, and why functions have none.
public struct ReplicaSnapshot: Sendable, Hashable {
    /// The replicas that exist; one that is gone may be listed once more or not at all.
    public var replicas: [Replica]
    /// Functions whose last start failed. An entry leaves when a replica of the function is ready.
    public var troubles: [Function.ID: StartTrouble]
    /// Functions of which a replica that took invocations has ended and is started again by the platform, and why it
    /// has ended. Callers wait for it as for a new one; those who wait in vain are told this.
    public var restarts: [Function.ID: StartTrouble]

    /// A snapshot.
    public init(
        replicas: [Replica] = [], troubles: [Function.ID: StartTrouble] = [:],
        restarts: [Function.ID: StartTrouble] = [:]
    ) {
        self.replicas = replicas
        self.troubles = troubles
        self.restarts = restarts
    }
}
