/// The F2S processes of the installation, and the way to them: their internal listeners.
public protocol PeerDirectory: Sendable {
    /// Every process, as known now.
    var currentPeers: PeerSnapshot { get }

    /// Runs `body` with every complete set of processes: the current one at once, then one per change.
    func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result

    /// POSTs JSON to another process's internal listener, with the token that all of them share.
    /// - Returns: the content of a 2xx answer.
    /// - Throws: whatever went wrong, an answer that is not 2xx included; worth a retry as long as the process exists.
    func post(_ path: String, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8]
}

/// The directory of a platform with one process.
public struct NoPeers: PeerDirectory {
    private let latest = Latest(PeerSnapshot(own: Peer(id: "local", isReady: true)))

    /// An empty directory.
    public init() {}

    /// This process alone.
    public var currentPeers: PeerSnapshot { latest.current }

    /// This process alone, and nothing after it.
    public func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    /// There is nobody to ask.
    public func post(_ path: String, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8] {
        throw PeerError.gone(peer.id)
    }
}

/// Why another F2S process did not do what it was asked.
public enum PeerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It does not exist any more, or its address is not known yet.
    case gone(String)
    /// It cannot be reached, or did not answer in time; worth a retry.
    case unreachable(String, reason: String)
    /// It refused.
    case refused(String, status: Int)

    /// What happened, to whom, and what to do.
    public var description: String {
        switch self {
        case .gone(let id): "The F2S process \(id) is gone or has no address yet."
        case .unreachable(let id, let reason): "The F2S process \(id) cannot be reached: \(reason). It is asked again."
        case .refused(let id, let status):
            "The F2S process \(id) answered with status \(status). Do all of them have the same internal token?"
        }
    }
}
