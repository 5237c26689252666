import F2SModel
import Synchronization

/// One replica as all loops know it: an identity and an address. Its function's queue counts the invocations in flight
/// on it, and each loop's pool holds connections to it.
final class ReplicaHandle: Sendable {
    let id: Replica.ID
    let address: SocketAddress
    /// The number of the replica within the process, by which a loop finds its connections without hashing text.
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

    /// Runs a transition of the counts of all loops' connections, under their lock.
    @inline(__always)
    func withConnections<Result>(_ body: (inout sending ReplicaConnections) -> sending Result) -> sending Result {
        connections.withLock(body)
    }

    /// True if the snapshot no longer lists the replica: dialling ends, and idle connections are closed.
    var isRetired: Bool { retired.load(ordering: .relaxed) }

    func retire() { retired.store(true, ordering: .relaxed) }

    /// True if the replica has sent more than its responses: a connection to it carries one request only.
    var sendsSurplus: Bool { surplus.load(ordering: .relaxed) }

    func noteSurplus() { surplus.store(true, ordering: .relaxed) }

    /// Claims the right to dial the replica, which only one loop has at a time.
    func beginDialling() -> Bool {
        dialling.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    }

    func endDialling() { dialling.store(false, ordering: .relaxed) }
}
