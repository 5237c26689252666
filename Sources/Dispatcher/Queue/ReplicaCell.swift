import F2SModel
import Synchronization

/// One replica as all loops know it: an identity and an address. What is in flight on it is in its function's queue,
/// the connections to it are in each loop's pool.
final class ReplicaCell: Sendable {
    let id: Replica.ID
    let address: SocketAddress
    /// Number within the process, by which a loop finds its connections without hashing text.
    let number: Int
    private let retired = Atomic<Bool>(false)
    private let dialling = Atomic<Bool>(false)
    private let surplus = Atomic<Bool>(false)
    private let connections: Mutex<ReplicaConnections>

    init(id: Replica.ID, address: SocketAddress, number: Int, loops: Int) {
        self.id = id
        self.address = address
        self.number = number
        connections = Mutex(ReplicaConnections(loops: loops))
    }

    /// Counts connections of all loops. Nothing is called from under the lock.
    @inline(__always)
    func withConnections<Result>(_ body: (inout sending ReplicaConnections) -> sending Result) -> sending Result {
        connections.withLock(body)
    }

    /// Whether the snapshot no longer lists it: dialling ends, idle connections are closed.
    var isRetired: Bool { retired.load(ordering: .relaxed) }

    func retire() { retired.store(true, ordering: .relaxed) }

    /// Whether it has sent more than its answers: a connection to it carries one request only.
    var sendsSurplus: Bool { surplus.load(ordering: .relaxed) }

    func noteSurplus() { surplus.store(true, ordering: .relaxed) }

    /// Claims the right to dial it; one loop at a time does.
    func beginDialling() -> Bool {
        dialling.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    }

    func endDialling() { dialling.store(false, ordering: .relaxed) }
}
