/// Everything that F2S needs from the place it runs on. A value: built once in `f2s/Application.swift`, never looked
/// up.
public struct Platform: Sendable {
    /// `local` or `kubernetes`, for people and for a metric label.
    public let name: String
    /// Where declarations are kept.
    public let functions: any FunctionStore
    /// What runs replicas.
    public let replicas: any ReplicaRuntime
    /// Who reconciles and scales.
    public let election: any LeaderElection
    /// The other F2S pods.
    public let peers: any PeerDirectory
    /// What has happened.
    public let events: any Events

    /// A platform of these parts.
    public init(
        name: String, functions: any FunctionStore, replicas: any ReplicaRuntime, election: any LeaderElection,
        peers: any PeerDirectory, events: any Events
    ) {
        self.name = name
        self.functions = functions
        self.replicas = replicas
        self.election = election
        self.peers = peers
        self.events = events
    }
}

/// Says whether this process reconciles and scales. Every process serves.
public protocol LeaderElection: Sendable {
    /// Whether this process leads now.
    var isLeader: Bool { get }

    /// Raised when ``isLeader`` has become something else.
    var changes: Signal { get }
}

extension LeaderElection {
    /// Never raised.
    public var changes: Signal { Signal() }
}

/// The election of a platform with one process.
public struct AlwaysLeader: LeaderElection {
    /// An election that is won.
    public init() {}
    /// Always.
    public var isLeader: Bool { true }
}
