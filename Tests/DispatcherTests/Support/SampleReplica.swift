import F2SModel

@testable import F2SDispatcher

extension ReplicaHandle {
    /// Returns a replica to which no test connects.
    static func sample(_ number: Int) throws -> ReplicaHandle {
        ReplicaHandle(
            id: Replica.ID("r\(number)"), address: try SocketAddress(ip: "127.0.0.1", port: 1), number: number,
            loops: 4)
    }
}
