import F2SModel

/// The report that every F2S process sends to the others: once a second, and at once when a function without replicas
/// is invoked, or when this process claims or releases a function.
struct PeerReport: Sendable, Hashable, Codable {
    /// The ``Peer/id`` of the reporting process.
    var peer: String
    /// The number of the report. It grows with every report, also across restarts, because it starts at the
    /// microseconds since 1970.
    var sequence: UInt64
    /// The load of the process.
    var load: LoadReport
    /// The functions that the process considers its own by its view of the peers, whether it already grants their slots
    /// or not, and the functions that it has invocations of in flight. Empty if ``Owned/isLeftOut`` is true.
    var holds: [Function.ID]
    /// The functions of ``holds`` that the process owns. Absent in reports of earlier versions, which list all of them
    /// each time.
    var owned: Owned?
    /// The number of the newest report that it has received from each other process, by ``Peer/id``.
    var seen: [String: UInt64]
    /// True if the process is the leader, which the others ask for explanations. Absent in reports of earlier versions.
    var isLeader: Bool?
    /// The ``Event/sequence`` of the newest event that it has. A process with older events fetches the missing ones.
    var newestEvent: UInt64?

    /// The functions that a process owns. They are sent when they have changed, not every second.
    struct Owned: Sendable, Hashable, Codable {
        /// The number of the first report with the same functions.
        var since: UInt64
        /// True if the functions are left out, because every other process has received that report or a later one.
        var isLeftOut: Bool
        /// The functions that the process does not own, but has invocations of in flight.
        var inFlight: [Function.ID]
    }

    /// Creates a report.
    init(
        peer: String, sequence: UInt64, load: LoadReport, holds: [Function.ID], seen: [String: UInt64] = [:]
    ) {
        self.peer = peer
        self.sequence = sequence
        self.load = load
        self.holds = holds
        self.seen = seen
    }
}
