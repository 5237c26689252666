import F2SModel

/// The other processes, according to the platform's directory and to their own reports. A value without I/O.
///
/// The directory is a watch and may be late. A process that reports exists, even if the directory has not listed it yet
/// or considers it ended. A process that the directory has listed and no longer lists is gone, even if a report arrives
/// later.
struct PeerViews: Sendable {
    /// The relevant part of a process's newest report.
    struct LastReport: Sendable, Hashable {
        /// The sequence number of the report.
        let sequence: UInt64
        /// The functions that the process claims, grants or finishes; `nil` if the report omits them and the report
        /// that contained them has not arrived.
        let owned: Set<Function.ID>?
        /// The first report that contained these functions; `nil` if the process runs a version that sends them each
        /// time.
        let ownedSince: UInt64?
        /// The other functions that the process has invocations of in flight.
        let inFlight: Set<Function.ID>
        /// The newest report of this process that the other process had received.
        let seen: UInt64
        /// The time at which the report arrived.
        let at: Duration

        init(_ report: PeerReport, after before: LastReport?, seen: UInt64, at now: Duration) {
            sequence = report.sequence
            inFlight = Set(report.owned?.inFlight ?? [])
            ownedSince = report.owned?.since
            let isKnown = before?.ownedSince == ownedSince
            owned =
                report.owned?.isLeftOut == true
                ? (isKnown ? before?.owned : nil) : Set(report.holds).subtracting(inFlight)
            self.seen = seen
            at = now
        }

        /// Returns true if the process may grant slots of the function or has some in flight.
        func mayHold(_ id: Function.ID) -> Bool { owned?.contains(id) ?? true || inFlight.contains(id) }

        /// Returns the functions that the process holds now and did not hold according to the report before, and vice
        /// versa.
        func changes(since before: LastReport?) -> Set<Function.ID> {
            let changes = inFlight.symmetricDifference(before?.inFlight ?? [])
            if let before, before.owned != nil, before.ownedSince == ownedSince, ownedSince != nil { return changes }
            return changes.union((owned ?? []).symmetricDifference(before?.owned ?? []))
        }
    }

    /// A process that may own functions.
    struct Candidate: Sendable, Hashable {
        let id: String
        /// The address of the process; `nil` for this process and if it is unknown.
        let address: Replica.Address?
    }

    /// The time without a report after which a process that the directory does not report as alive no longer counts.
    static let unlistedPeerLifetime = Duration.seconds(10)
    /// The maximum number of processes whose reports are remembered.
    static let lastReportsMax = 64
    /// The maximum number of ended processes that are remembered.
    static let goneMax = 256

    /// This process.
    var own: Peer
    private(set) var lastReports: [String: LastReport] = [:]
    private var others: [String: Peer] = [:]
    private var gone: [String] = []
    /// The times since which the directory reports processes as ended.
    private var endedAt: [String: Duration] = [:]

    init(own: Peer) { self.own = own }

    /// Applies the directory's newest state.
    mutating func apply(_ snapshot: PeerSnapshot, at now: Duration) {
        own = snapshot.own
        let newer = Dictionary(snapshot.others.map { ($0.id, $0) }) { first, _ in first }
        for id in others.keys where newer[id] == nil {
            lastReports[id] = nil
            gone.append(id)
        }
        gone.removeAll { newer[$0] != nil }
        if gone.count > Self.goneMax { gone.removeFirst(gone.count - Self.goneMax) }
        endedAt = endedAt.filter { newer[$0.key]?.isAlive == false }
        for peer in newer.values where !peer.isAlive && endedAt[peer.id] == nil { endedAt[peer.id] = now }
        others = newer
    }

    /// Records a report.
    /// - Returns: The previous report of the process. If `isChange` is false, the report is outdated or comes from a
    ///   process that does not count.
    mutating func record(_ report: PeerReport, at now: Duration) -> (isChange: Bool, before: LastReport?) {
        guard report.peer != own.id, !gone.contains(report.peer) else { return (false, nil) }
        let before = lastReports[report.peer]
        // Reports may overtake each other.
        if let before, before.sequence >= report.sequence { return (false, before) }
        guard before != nil || lastReports.count < Self.lastReportsMax else { return (false, nil) }
        lastReports[report.peer] = LastReport(report, after: before, seen: report.seen[own.id] ?? 0, at: now)
        return (true, before)
    }

    /// Returns the processes that may have invocations queued or in flight.
    func living(at now: Duration) -> [String] {
        var living = others.values.filter(\.isAlive).map(\.id)
        for (id, report) in lastReports where others[id]?.isAlive != true {
            let since = endedAt[id] ?? .zero
            if report.at >= since, now - report.at < Self.unlistedPeerLifetime { living.append(id) }
        }
        return living
    }

    /// The processes that share the functions: those that serve or, if none does, those that run.
    var candidates: [Candidate] {
        let all = [own] + others.values
        let ready = all.filter(\.isReady)
        return (ready.isEmpty ? all.filter { $0.isAlive || $0.id == own.id } : ready)
            .map { Candidate(id: $0.id, address: others[$0.id]?.address) }.sorted { $0.id < $1.id }
    }

    /// Returns true if every running process has confirmed that it knows the functions that this one owned in that
    /// report.
    func allKnow(_ sequence: UInt64) -> Bool {
        others.values.allSatisfy { peer in
            guard peer.isAlive else { return true }
            return lastReports[peer.id].map { $0.ownedSince != nil && $0.seen >= sequence } ?? false
        }
    }

    /// The newest report received from each process. A report that omits functions unknown here does not count as
    /// received, so that its sender repeats all of them.
    var seen: [String: UInt64] { lastReports.compactMapValues { $0.owned == nil ? nil : $0.sequence } }
}
