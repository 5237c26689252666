import F2SModel

/// Which other processes there are, by the platform's directory and by what they say themselves. A value without I/O.
///
/// The directory is a watch and may be late: a process that reports is there, although the directory has not named it
/// yet or has taken it for ended. One that the directory has named and names no longer is gone, whatever arrives late.
struct PeerViews: Sendable {
    /// What matters of the newest report of a process.
    struct Word: Sendable, Hashable {
        /// Its number.
        let sequence: UInt64
        /// The functions that the process claims, grants or finishes; `nil`: its report leaves them out, and the one
        /// that told of them has not come.
        let owned: Set<Function.ID>?
        /// The first of its reports that told of these; `nil`: it is of a version that tells of them each time.
        let ownedSince: UInt64?
        /// Other functions that it has invocations of in flight.
        let inFlight: Set<Function.ID>
        /// The newest report of this process that it had taken.
        let seen: UInt64
        /// When it came.
        let at: Duration

        init(_ report: PeerReport, after before: Word?, seen: UInt64, at now: Duration) {
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

        /// Whether the process may grant slots of the function, or have some in flight.
        func mayHold(_ id: Function.ID) -> Bool { owned?.contains(id) ?? true || inFlight.contains(id) }

        /// The functions that it holds and did not hold by its word before, or the other way round.
        func changes(since before: Word?) -> Set<Function.ID> {
            let changes = inFlight.symmetricDifference(before?.inFlight ?? [])
            if let before, before.owned != nil, before.ownedSince == ownedSince, ownedSince != nil { return changes }
            return changes.union((owned ?? []).symmetricDifference(before?.owned ?? []))
        }
    }

    /// A process that functions may belong to.
    struct Candidate: Sendable, Hashable {
        let id: String
        /// `nil` for this process, and where it is not known.
        let address: Replica.Address?
    }

    /// Silence after which a process that the directory does not call alive is not waited for.
    static let strangerLifetime = Duration.seconds(10)
    /// Processes that are remembered at most, those that are gone apart.
    static let wordsMax = 64
    /// Processes that are gone and remembered.
    static let goneMax = 256

    /// This process.
    var own: Peer
    private(set) var words: [String: Word] = [:]
    private var others: [String: Peer] = [:]
    private var gone: [String] = []
    /// Since when the directory calls a process ended.
    private var endedAt: [String: Duration] = [:]

    init(own: Peer) { self.own = own }

    /// Takes the directory's newest state.
    mutating func take(_ snapshot: PeerSnapshot, at now: Duration) {
        own = snapshot.own
        let newer = Dictionary(snapshot.others.map { ($0.id, $0) }) { first, _ in first }
        for id in others.keys where newer[id] == nil {
            words[id] = nil
            gone.append(id)
        }
        gone.removeAll { newer[$0] != nil }
        if gone.count > Self.goneMax { gone.removeFirst(gone.count - Self.goneMax) }
        endedAt = endedAt.filter { newer[$0.key]?.isAlive == false }
        for peer in newer.values where !peer.isAlive && endedAt[peer.id] == nil { endedAt[peer.id] = now }
        others = newer
    }

    /// Takes what a process says.
    /// - Returns: its word before; `nil` and `isNews` false: it is of no use.
    mutating func take(_ report: PeerReport, at now: Duration) -> (isNews: Bool, before: Word?) {
        guard report.peer != own.id, !gone.contains(report.peer) else { return (false, nil) }
        let before = words[report.peer]
        // Reports overtake each other.
        if let before, before.sequence >= report.sequence { return (false, before) }
        guard before != nil || words.count < Self.wordsMax else { return (false, nil) }
        words[report.peer] = Word(report, after: before, seen: report.seen[own.id] ?? 0, at: now)
        return (true, before)
    }

    /// The processes that may have something in hand.
    func living(at now: Duration) -> [String] {
        var living = others.values.filter(\.isAlive).map(\.id)
        for (id, word) in words where others[id]?.isAlive != true {
            let since = endedAt[id] ?? .zero
            if word.at >= since, now - word.at < Self.strangerLifetime { living.append(id) }
        }
        return living
    }

    /// The processes that functions are shared among: those that serve; if none does, those that run.
    var candidates: [Candidate] {
        let all = [own] + others.values
        let ready = all.filter(\.isReady)
        return (ready.isEmpty ? all.filter { $0.isAlive || $0.id == own.id } : ready)
            .map { Candidate(id: $0.id, address: others[$0.id]?.address) }.sorted { $0.id < $1.id }
    }

    /// Whether every process that runs has said that it knows what this one owned by its report of that number.
    func allKnow(_ sequence: UInt64) -> Bool {
        others.values.allSatisfy { peer in
            guard peer.isAlive else { return true }
            return words[peer.id].map { $0.ownedSince != nil && $0.seen >= sequence } ?? false
        }
    }

    /// The newest report of each process. One that left out what is not known here does not count as taken, so that its
    /// sender tells of everything again.
    var seen: [String: UInt64] { words.compactMapValues { $0.owned == nil ? nil : $0.sequence } }
}
