import F2SModel

@testable import F2SDispatcher

extension ReplicaCell {
    /// A replica that nobody connects to.
    static func sample(_ number: Int) throws -> ReplicaCell {
        ReplicaCell(
            id: Replica.ID("r\(number)"), address: try SocketAddress(ip: "127.0.0.1", port: 1), number: number,
            loops: 4)
    }
}
