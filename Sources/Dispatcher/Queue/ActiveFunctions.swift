import F2SModel
import Synchronization

/// The functions that may have something to report: those with replicas, and those that were invoked lately. Thousands
/// of others may be declared, and a report costs nothing for them.
///
/// A cell is listed from the moment on, under its queue's lock, in which it is invoked or gets a replica: a report that
/// leaves it out is proof that nothing is in flight. The order of locks is the queue's, then the list's.
final class ActiveFunctions: Sendable {
    /// The load of one function and its replicas.
    struct Load {
        let cell: FunctionCell
        let function: LoadReport.FunctionLoad
        let replicas: [(ReplicaCell, LoadReport.ReplicaLoad)]
    }

    /// One listed function, and what it had counted when it was last seen to count something.
    private struct Entry {
        let cell: FunctionCell
        var admitted: UInt64
        /// Monotonic nanoseconds.
        var activeAt: UInt64
    }

    /// Nanoseconds for which a function without replicas and invocations stays: every reader of reports has seen its
    /// last counters by then.
    static let lingering: UInt64 = 10_000_000_000

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// Lists a function. Call it under the lock of its queue.
    func add(_ cell: FunctionCell, now: UInt64) {
        entries.withLock { $0[ObjectIdentifier(cell)] = Entry(cell: cell, admitted: 0, activeAt: now) }
    }

    /// The load of the listed functions.
    /// - Parameter now: monotonic nanoseconds.
    func currentLoads(now: UInt64) -> [Load] {
        currentLoads(of: entries.withLock { Array($0.values) }, now: now)
    }

    /// The load of those of some functions that are listed.
    /// - Parameter now: monotonic nanoseconds.
    func currentLoads(of cells: [FunctionCell], now: UInt64) -> [Load] {
        currentLoads(of: entries.withLock { entries in cells.compactMap { entries[ObjectIdentifier($0)] } }, now: now)
    }

    private func currentLoads(of listed: [Entry], now: UInt64) -> [Load] {
        listed.compactMap { entry in
            let (function, replicas, isKept) = entry.cell.withQueue { queue in
                let load = queue.load(now: now)
                let replicas = queue.currentReplicas()
                let isActive =
                    load.inFlight > 0 || load.queued > 0 || !replicas.isEmpty || load.admitted != entry.admitted
                let isKept = isActive || now < entry.activeAt &+ Self.lingering
                if !isKept || queue.isClosed {
                    queue.isListed = false
                    remove(entry.cell)
                } else if isActive {
                    note(entry.cell, admitted: load.admitted, now: now)
                }
                return (load, replicas, !queue.isClosed)
            }
            return isKept ? Load(cell: entry.cell, function: function, replicas: replicas) : nil
        }
    }

    private func note(_ cell: FunctionCell, admitted: UInt64, now: UInt64) {
        entries.withLock {
            $0[ObjectIdentifier(cell)]?.admitted = admitted
            $0[ObjectIdentifier(cell)]?.activeAt = now
        }
    }

    private func remove(_ cell: FunctionCell) {
        _ = entries.withLock { $0.removeValue(forKey: ObjectIdentifier(cell)) }
    }
}
