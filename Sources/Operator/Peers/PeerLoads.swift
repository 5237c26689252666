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
    /// The last counters of this process, those too that its newest report leaves out.
    private var own: [Function.ID: Counters] = [:]

    /// Takes a process's newest report.
    /// - Parameter isDeclared: of other functions no counters are kept: nothing would ever remove them.
    /// - Returns: true if an invocation waits there for a cold function that did not wait before.
    mutating func take(
        _ report: PeerReport, at now: Duration, isDeclared: (Function.ID) -> Bool = { _ in true }
    ) -> Bool {
        if let known = entries[report.peer] {
            guard known.sequence < report.sequence else { return false }
        } else {
            guard entries.count < PeerViews.wordsMax else { return false }
        }
        // Taken out, so that the counters are changed in place.
        var entry = entries.removeValue(forKey: report.peer) ?? Entry(sequence: 0, at: now, load: LoadReport())
        let before = entry.load
        (entry.sequence, entry.at, entry.load) = (report.sequence, now, report.load)
        for (id, load) in report.load.functions where isDeclared(id) {
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
            load.wantsActivation && before.functions[id]?.wantsActivation != true
        }
    }

    /// Forgets processes that are gone.
    mutating func keep(only peers: Set<String>, at now: Duration) {
        // One that the directory does not know yet has reported just now.
        entries = entries.filter { peers.contains($0.key) || now - $0.value.at < Self.lifetime }
    }

    /// Forgets functions that are no longer declared.
    mutating func forget(_ functions: [Function.ID]) {
        for id in functions {
            history[id] = nil
            own[id] = nil
            for peer in entries.keys { entries[peer]?.counters[id] = nil }
        }
    }

    /// Adds up. A function that no process reports is left out.
    /// - Parameters:
    ///   - report: what this process has in flight.
    ///   - others: the processes that exist besides.
    mutating func sum(with report: LoadReport, _ others: [Peer], at now: Duration) -> Sum {
        for (id, load) in report.functions {
            own[id] = Counters(admitted: load.admitted, concurrencySeconds: load.concurrencySeconds)
        }
        var sum = Sum(load: report, isComplete: true)
        for peer in others where peer.isAlive {
            guard let entry = entries[peer.id], now - entry.at <= Self.lifetime else {
                if peer.isReady { sum.isComplete = false }
                continue
            }
            for (id, load) in entry.load.functions {
                sum.load.functions[id, default: ownLoad(of: id)].addPresent(load)
            }
            for (id, load) in entry.load.replicas {
                sum.load.replicas[id, default: .init()].add(load)
            }
        }
        for id in sum.load.functions.keys {
            guard let counters = history[id] else { continue }
            sum.load.functions[id]?.admitted += counters.admitted
            sum.load.functions[id]?.concurrencySeconds += counters.concurrencySeconds
        }
        return sum
    }

    /// This process's part of a function that its report leaves out: nothing but the counters.
    private func ownLoad(of id: Function.ID) -> LoadReport.FunctionLoad {
        let counters = own[id] ?? Counters()
        return LoadReport.FunctionLoad(
            admitted: counters.admitted, concurrencySeconds: counters.concurrencySeconds)
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
