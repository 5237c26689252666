/// The services that F2S needs from the system it runs on. The value is built once in `f2s/Application.swift` and
/// passed on from there.
public struct Platform: Sendable {
    /// `local` or `kubernetes`, for people and for a metric label.
    public let name: String
    /// The store of declarations.
    public let functions: any FunctionStore
    /// The runtime of replicas.
    public let replicas: any ReplicaRuntime
    /// The election of the process that reconciles and scales.
    public let election: any LeaderElection
    /// The directory of the F2S processes.
    public let peers: any PeerDirectory
    /// The newest events.
    public let events: any Events

    /// Creates a platform from these parts.
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

/// Determines if this process reconciles and scales. Every process serves invocations.
public protocol LeaderElection: Sendable {
    /// True if this process is the leader.
    var isLeader: Bool { get }

    /// A signal that is raised when ``isLeader`` changes.
    var changes: Signal { get }
}

extension LeaderElection {
    /// A signal that is never raised.
    public var changes: Signal { Signal() }
}

/// The election of a platform with a single process.
public struct AlwaysLeader: LeaderElection {
    /// Creates an election that this process has won.
    public init() {}
    /// Always true.
    public var isLeader: Bool { true }
}
