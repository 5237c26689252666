/// What every F2S process tells the others, once a second and at once when a cold function is wanted.
public struct PeerReport: Sendable, Hashable, Codable {
    /// Who reports: ``Peer/id``.
    public var peer: String
    /// Grows with every report, and over restarts too: it begins at the microseconds since 1970.
    public var sequence: UInt64
    /// What it has in hand.
    public var load: LoadReport
    /// The functions that it takes itself to own by the peers that it sees, admitted already or still held back, and
    /// those that it has any invocation of in hand. Empty where ``Owned/isLeftOut`` says so.
    public var holds: [Function.ID]
    /// Those of them that it owns. Absent in reports of earlier versions, which tell of all of them each time.
    public var owned: Owned?
    /// The newest report that it has taken of each other process, by ``Peer/id``.
    public var seen: [String: UInt64]
    /// Whether it reconciles and scales: the others ask it why functions run as they do. Absent in reports of earlier
    /// versions.
    public var isLeader: Bool?
    /// The newest event that it knows, ``Event/sequence``: one that is behind fetches what it lacks.
    public var newestEvent: UInt64?

    /// The functions that a process owns, told when they have changed and not each second.
    public struct Owned: Sendable, Hashable, Codable {
        /// The first report that told of the same functions.
        public var since: UInt64
        /// Whether they are left out: every other process has taken that report, or a later one.
        public var isLeftOut: Bool
        /// The functions that it does not own and has invocations of in flight.
        public var inFlight: [Function.ID]

        /// The functions that a process owns, as a report tells of them.
        public init(since: UInt64, isLeftOut: Bool, inFlight: [Function.ID]) {
            self.since = since
            self.isLeftOut = isLeftOut
            self.inFlight = inFlight
        }
    }

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
