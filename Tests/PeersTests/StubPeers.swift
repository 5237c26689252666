import F2SModel
import Synchronization

/// Other processes whose answers a test sets.
final class StubPeers: PeerDirectory {
    typealias Reply = @Sendable (_ path: InternalPath, _ content: [UInt8], _ peer: Peer) async throws -> Void

    private struct State {
        var reply: Reply = { _, _, _ in }
        var asked: [String] = []
        var contents: [InternalPath: [UInt8]] = [:]
    }

    private let latest: Latest<PeerSnapshot>
    private let state = Mutex(State())

    init(_ others: [Peer] = []) {
        latest = Latest(PeerSnapshot(own: Self.peer("own"), others: others))
    }

    static func peer(_ id: String, isReady: Bool = true, isAlive: Bool = true) -> Peer {
        Peer(id: id, address: Replica.Address(ip: "192.0.2.1", port: 1), isReady: isReady, isAlive: isAlive)
    }

    /// The requests as `peer path`, oldest first.
    var asked: [String] { state.withLock { $0.asked } }

    func set(_ others: [Peer]) { latest.update { $0 = PeerSnapshot(own: $0.own, others: others) } }
    func answer(_ reply: @escaping Reply) { state.withLock { $0.reply = reply } }

    /// Sets the answer to a path from now on.
    func answer(_ path: InternalPath, with content: [UInt8]) { state.withLock { $0.contents[path] = content } }

    var currentPeers: PeerSnapshot { latest.current }

    func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result { try await body(latest.values()) }

    func post(_ path: InternalPath, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8] {
        let (reply, answer) = state.withLock { state in
            state.asked.append("\(peer.id) \(path.text)")
            return (state.reply, state.contents[path])
        }
        try await reply(path, content, peer)
        return answer ?? []
    }
}
