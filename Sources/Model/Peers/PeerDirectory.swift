/// The directory of the F2S processes of the installation, and a client for their internal listeners.
public protocol PeerDirectory: Sendable {
    /// All processes that are currently known.
    var currentPeers: PeerSnapshot { get }

    /// Runs `body` with a stream of complete sets of processes: the current set at once, then one after each change.
    func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result

    /// Sends JSON by POST to another process's internal listener, with the token that all processes share.
    /// - Returns: the content of a 2xx response.
    /// - Throws: any error, including a response that is not 2xx; worth a retry as long as the process exists.
    func post(_ path: InternalPath, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8]
}

/// The directory of a platform with a single process.
public struct NoPeers: PeerDirectory {
    private let latest = Latest(PeerSnapshot(own: Peer(id: "local", isReady: true)))

    /// Creates a directory that contains only this process.
    public init() {}

    /// A snapshot of this process alone.
    public var currentPeers: PeerSnapshot { latest.current }

    /// Runs `body` with a stream that yields one snapshot of this process alone.
    public func withPeers<Result: Sendable>(
        _ body: @Sendable (Latest<PeerSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    /// Always throws, because there are no other processes.
    public func post(_ path: InternalPath, _ content: [UInt8], to peer: Peer, timeout: Duration) async throws -> [UInt8]
    {
        throw PeerError.gone(peer.id)
    }
}

/// The reason why a request to another F2S process failed.
public enum PeerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The process no longer exists, or its address is not known yet.
    case gone(String)
    /// The process cannot be reached, or did not respond in time; worth a retry.
    case unreachable(String, reason: String)
    /// The process rejected the request.
    case refused(String, status: Int)

    /// A message with the error, the process, and what to do.
    public var description: String {
        switch self {
        case .gone(let id): "The F2S process \(id) is gone or has no address yet."
        case .unreachable(let id, let reason): "The F2S process \(id) cannot be reached: \(reason). F2S will retry."
        case .refused(let id, let status):
            "The F2S process \(id) answered with status \(status). Do all of them have the same internal token?"
        }
    }
}
