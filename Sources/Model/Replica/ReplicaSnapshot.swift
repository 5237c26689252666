/// Every replica at one moment, and why functions have none.
public struct ReplicaSnapshot: Sendable, Hashable {
    /// The replicas that exist; one that is gone may be listed once more or not at all.
    public var replicas: [Replica]
    /// Functions whose last start failed. An entry leaves when a replica of the function is ready.
    public var troubles: [Function.ID: StartTrouble]

    /// A snapshot.
    public init(replicas: [Replica] = [], troubles: [Function.ID: StartTrouble] = [:]) {
        self.replicas = replicas
        self.troubles = troubles
    }
}
