/// One F2S process of the installation, as the platform sees it.
public struct Peer: Sendable, Hashable, Identifiable, Codable {
    /// The stable name of the process. On Kubernetes it is the pod's name.
    public let id: String
    /// The address of its internal listener; `nil` until it is known.
    public var address: Replica.Address?
    /// True if it serves. A process that is about to end does not.
    public var isReady: Bool
    /// True if its process runs. A process that does not run has nothing in flight.
    public var isAlive: Bool

    /// Creates a peer.
    public init(id: String, address: Replica.Address? = nil, isReady: Bool, isAlive: Bool = true) {
        self.id = id
        self.address = address
        self.isReady = isReady
        self.isAlive = isAlive
    }
}

/// All F2S processes at one moment.
public struct PeerSnapshot: Sendable, Hashable {
    /// This process.
    public var own: Peer
    /// The other processes that exist, ready or not, sorted by name.
    public var others: [Peer]

    /// Creates a snapshot.
    public init(own: Peer, others: [Peer] = []) {
        self.own = own
        self.others = others.sorted { $0.id < $1.id }
    }
}
