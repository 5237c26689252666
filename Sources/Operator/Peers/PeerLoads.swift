import F2SModel

/// What the other processes have in hand, added to what this one has. A value without I/O and clock.
///
/// Counters that only grow are added up as differences between two reports of one process: a process that comes, ends
/// or begins anew moves no sum by what it counted when nobody looked.
struct PeerLoads: Sendable {
    /// What all processes together have in hand.
    struct Sum: Sendable {
        var load: LoadReport
        /// Whether every process that serves has reported lately. If not, there may be more than this.
        var isComplete: Bool
    }

    /// Age from which a report says nothing any more about what is in hand.
    static let lifetime = Duration.seconds(5)

    private struct Entry: Sendable {
        var sequence: UInt64
        var at: Duration
        var load: LoadReport
        /// The last counters of every function, those too that the newest report leaves out.
        var counters: [Function.ID: Counters] = [:]
    }

    private struct Counters: Sendable {
        var admitted: UInt64 = 0
        var concurrencySeconds = 0.0
    }

    private var entries: [String: Entry] = [:]
    /// Added up over all others, those that are gone included.
    private var history: [Function.ID: Counters] = [:]

    /// Takes a process's newest report.
    /// - Returns: whether somebody waits there for a cold function who did not before.
    mutating func take(_ report: PeerReport, at now: Duration) -> Bool {
        let before = entries[report.peer]
        if let before, before.sequence >= report.sequence { return false }
        guard before != nil || entries.count < PeerViews.wordsMax else { return false }
        var entry = Entry(
            sequence: report.sequence, at: now, load: report.load, counters: before?.counters ?? [:])
        for (id, load) in report.load.functions {
            if let known = entry.counters[id], known.admitted <= load.admitted,
                known.concurrencySeconds <= load.concurrencySeconds
            {
                history[id, default: Counters()].admitted += load.admitted - known.admitted
                history[id, default: Counters()].concurrencySeconds +=
                    load.concurrencySeconds - known.concurrencySeconds
            }
            entry.counters[id] = Counters(admitted: load.admitted, concurrencySeconds: load.concurrencySeconds)
        }
        entries[report.peer] = entry
        return report.load.functions.contains { id, load in
            load.wantsActivation && before?.load.functions[id]?.wantsActivation != true
        }
    }

    /// Forgets processes that are gone.
    mutating func keep(only peers: Set<String>, at now: Duration) {
        // One that the directory does not know yet has reported just now.
        entries = entries.filter { peers.contains($0.key) || now - $0.value.at < Self.lifetime }
    }

    /// Forgets functions that are no longer declared.
    mutating func keep(only functions: Set<Function.ID>) {
        history = history.filter { functions.contains($0.key) }
        entries = entries.mapValues { entry in
            var entry = entry
            entry.counters = entry.counters.filter { functions.contains($0.key) }
            return entry
        }
    }

    /// Adds up.
    /// - Parameters:
    ///   - own: what this process has in hand.
    ///   - others: the processes that exist besides.
    func sum(with own: LoadReport, _ others: [Peer], at now: Duration) -> Sum {
        var sum = Sum(load: own, isComplete: true)
        for (id, counters) in history {
            sum.load.functions[id, default: .init()].admitted += counters.admitted
            sum.load.functions[id, default: .init()].concurrencySeconds += counters.concurrencySeconds
        }
        for peer in others where peer.isAlive {
            guard let entry = entries[peer.id], now - entry.at <= Self.lifetime else {
                if peer.isReady { sum.isComplete = false }
                continue
            }
            for (id, load) in entry.load.functions {
                sum.load.functions[id, default: .init()].addPresent(load)
            }
            for (id, load) in entry.load.replicas {
                sum.load.replicas[id, default: .init()].add(load)
            }
        }
        return sum
    }
}

extension LoadReport.FunctionLoad {
    /// Adds what is in hand now, and no counters.
    fileprivate mutating func addPresent(_ other: Self) {
        inFlight += other.inFlight
        queued += other.queued
        wantsActivation = wantsActivation || other.wantsActivation
    }
}
