import F2SModel

/// Adds the load of the other processes to the load of this one. A value without I/O and clock.
///
/// Counters that only grow are added as differences between two reports of one process. A process that starts, ends or
/// restarts therefore does not change a sum by what it counted while it was not observed.
struct PeerLoads: Sendable {
    /// The age from which a report no longer describes the current load.
    static let lifetime = Duration.seconds(5)

    private struct Entry: Sendable {
        var sequence: UInt64
        var at: Duration
        var load: LoadReport
        /// The last counters of every function, including functions that the newest report omits.
        var counters: [Function.ID: Counters] = [:]
    }

    private struct Counters: Sendable {
        var admitted: UInt64 = 0
        var concurrencySeconds = 0.0
    }

    private var entries: [String: Entry] = [:]
    /// The sums over all other processes, including ended ones.
    private var history: [Function.ID: Counters] = [:]
    /// The last counters of this process, including functions that its newest report omits.
    private var own: [Function.ID: Counters] = [:]

    /// Records a process's newest report.
    /// - Parameter isDeclared: Returns true for a declared function. The counters of other functions are not kept,
    ///   because nothing would ever remove them.
    /// - Returns: True if an invocation now waits in that process for a cold function, and none did before.
    mutating func record(
        _ report: PeerReport, at now: Duration, isDeclared: (Function.ID) -> Bool = { _ in true }
    ) -> Bool {
        if let known = entries[report.peer] {
            guard known.sequence < report.sequence else { return false }
        } else {
            guard entries.count < PeerViews.lastReportsMax else { return false }
        }
        // Removed from the dictionary, so that the counters are changed in place.
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

    /// Forgets processes that no longer exist.
    mutating func keep(only peers: Set<String>, at now: Duration) {
        // A process that the directory does not list yet has reported recently.
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

    /// Returns the sum of the loads. A function that no process reports is omitted.
    /// - Parameters:
    ///   - report: The load of this process.
    ///   - others: The other processes.
    mutating func sum(with report: LoadReport, _ others: [Peer], at now: Duration) -> TotalLoad {
        for (id, load) in report.functions {
            own[id] = Counters(admitted: load.admitted, concurrencySeconds: load.concurrencySeconds)
        }
        var sum = TotalLoad(load: report, isComplete: true)
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

    /// Returns this process's share of a function that its report omits, which is only the counters.
    private func ownLoad(of id: Function.ID) -> LoadReport.FunctionLoad {
        let counters = own[id] ?? Counters()
        return LoadReport.FunctionLoad(
            admitted: counters.admitted, concurrencySeconds: counters.concurrencySeconds)
    }
}

extension LoadReport.FunctionLoad {
    /// Adds the invocations in flight and queued, but no counters.
    fileprivate mutating func addPresent(_ other: Self) {
        inFlight += other.inFlight
        queued += other.queued
        wantsActivation = wantsActivation || other.wantsActivation
    }
}
