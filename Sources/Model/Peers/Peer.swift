/// One F2S process of the installation, as the platform sees it.
public struct Peer: Sendable, Hashable, Identifiable, Codable {
    /// Stable name of its place. Kubernetes: the pod's name.
    public let id: String
    /// Where its internal listener is; `nil` until it is known.
    public var address: Replica.Address?
    /// Whether it serves. One that is about to end does not.
    public var isReady: Bool
    /// Whether its process runs. One that does not can have nothing in hand.
    public var isAlive: Bool

    /// A process.
    public init(id: String, address: Replica.Address? = nil, isReady: Bool, isAlive: Bool = true) {
        self.id = id
        self.address = address
        self.isReady = isReady
        self.isAlive = isAlive
    }
}

/// Every F2S process at one moment.
public struct PeerSnapshot: Sendable, Hashable {
    /// This process.
    public var own: Peer
    /// The others that exist, ready or not, by their names.
    public var others: [Peer]

    /// A snapshot.
    public init(own: Peer, others: [Peer] = []) {
        self.own = own
        self.others = others.sorted { $0.id < $1.id }
    }
}
