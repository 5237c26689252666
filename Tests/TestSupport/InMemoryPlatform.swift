public import F2SModel

/// A platform without files, processes or a network: for tests of the rooms that use one.
///
/// `functions` keeps declarations in memory, `replicas` pretends to run them, `events` remembers. The parts are kept
/// with their own types, so that a test can look into them and steer them; ``platform`` is what the room under test
/// gets.
public struct InMemoryPlatform: Sendable {
    /// The store of declarations.
    public let functions: InMemoryFunctions
    /// The runtime that pretends.
    public let replicas: InMemoryReplicas
    /// The events that were recorded.
    public let events: InMemoryEvents

    /// An empty platform.
    /// - Parameters:
    ///   - functions: declarations to begin with; the first one is the oldest.
    ///   - startsReady: whether a new replica is ready at once; if not, the test says when with
    ///     ``InMemoryReplicas/set(_:of:)``.
    ///   - address: what a replica that is ready gets as its address.
    public init(
        functions: [FunctionDraft] = [], startsReady: Bool = true,
        address: Replica.Address = Replica.Address(ip: "127.0.0.1", port: 9)
    ) {
        self.functions = InMemoryFunctions(functions)
        replicas = InMemoryReplicas(startsReady: startsReady, address: address)
        events = InMemoryEvents()
    }

    /// The ports, as a room gets them.
    public var platform: Platform {
        Platform(
            name: "memory", functions: functions, replicas: replicas, election: AlwaysLeader(), peers: NoPeers(),
            events: events)
    }
}
