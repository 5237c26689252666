public import F2SModel

/// A platform without files, processes or a network, for tests of the modules that use a platform.
///
/// `functions` keeps declarations in memory, `replicas` pretends to run them and `events` stores events. The parts keep
/// their concrete types, so that a test can inspect and control them. The module under test receives ``platform``.
public struct InMemoryPlatform: Sendable {
    /// The store of declarations.
    public let functions: InMemoryFunctions
    /// The runtime that pretends to run replicas.
    public let replicas: InMemoryReplicas
    /// The events that were recorded.
    public let events: InMemoryEvents

    /// Creates a platform.
    /// - Parameters:
    ///   - functions: The initial declarations, the oldest first.
    ///   - startsReady: True if a new replica is ready at once. Otherwise the test makes it ready with
    ///     ``InMemoryReplicas/set(_:of:)``.
    ///   - address: The address of every ready replica.
    public init(
        functions: [FunctionDraft] = [], startsReady: Bool = true,
        address: Replica.Address = Replica.Address(ip: "127.0.0.1", port: 9)
    ) {
        self.functions = InMemoryFunctions(functions)
        replicas = InMemoryReplicas(startsReady: startsReady, address: address)
        events = InMemoryEvents()
    }

    /// The platform as a module receives it.
    public var platform: Platform {
        Platform(
            name: "memory", functions: functions, replicas: replicas, election: AlwaysLeader(), peers: NoPeers(),
            events: events)
    }
}
