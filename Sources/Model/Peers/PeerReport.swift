/// What every F2S process tells the others, once a second and at once when a cold function is wanted.
public struct PeerReport: Sendable, Hashable, Codable {
    /// Who reports: ``Peer/id``.
    public var peer: String
    /// Grows with every report, and over restarts too: it begins at the microseconds since 1970.
    public var sequence: UInt64
    /// What it has in hand.
    public var load: LoadReport
    /// The functions that it takes itself to own by the peers that it sees, admitted already or still held back, and
    /// those that it has any invocation of in hand.
    public var holds: [Function.ID]
    /// The newest report that it has taken of each other process, by ``Peer/id``.
    public var seen: [String: UInt64]
    /// Whether it reconciles and scales: the others ask it why functions run as they do. Absent in reports of earlier
    /// versions.
    public var isLeader: Bool?
    /// The newest event that it knows, ``Event/sequence``: one that is behind fetches what it lacks.
    public var newestEvent: UInt64?

    /// A report.
    public init(
        peer: String, sequence: UInt64, load: LoadReport, holds: [Function.ID], seen: [String: UInt64] = [:]
    ) {
        self.peer = peer
        self.sequence = sequence
        self.load = load
        self.holds = holds
        self.seen = seen
    }
}
