import F2SMetrics
import F2SModel
import Synchronization

/// The functions that may have something to report: those with replicas, and those that were invoked lately. Thousands
/// of others may be declared; a report costs nothing for them.
///
/// A handle is listed from the moment at which it is invoked or gets a replica, under its queue's lock. A report that
/// omits a function therefore proves that it has nothing in flight. The order of locks is the queue's, then the list's.
final class ActiveFunctions: Sendable {
    /// The load of one function and its replicas.
    struct Load {
        let handle: FunctionHandle
        let function: LoadReport.FunctionLoad
        let replicas: [(ReplicaHandle, LoadReport.ReplicaLoad)]
    }

    /// One listed function, and its counter when the function was last found active.
    private struct Entry {
        let handle: FunctionHandle
        var admitted: UInt64
        /// The time at which the function was last active, in nanoseconds of the monotonic clock.
        var activeAt: UInt64
        /// The counters at the last collection, or when the function was listed.
        var collected: RequestCounts
        /// `FunctionMeters.ended` at that time.
        var collectedEnded: UInt64

        /// Returns true if a function at rest need not be listed any longer: every reader has seen its last counters.
        func isOver(now: UInt64) -> Bool {
            guard now >= activeAt &+ ActiveFunctions.lingering else { return false }
            return handle.meters.ended == collectedEnded || now >= activeAt &+ ActiveFunctions.uncollectedMax
        }
    }

    /// The time, in nanoseconds, for which a function without replicas and invocations stays listed. By then every
    /// reader of reports has seen its last counters.
    static let lingering: UInt64 = 10_000_000_000

    /// The longest time, in nanoseconds, for which a function stays listed until its counters are collected. It bounds
    /// the list in a process that does not collect them.
    static let uncollectedMax: UInt64 = 60_000_000_000

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// Lists a function. Must be called under the lock of its queue.
    func add(_ handle: FunctionHandle, now: UInt64) {
        let entry = Entry(
            handle: handle, admitted: 0, activeAt: now, collected: handle.meters.currentCounts,
            collectedEnded: handle.meters.ended)
        entries.withLock { $0[ObjectIdentifier(handle)] = entry }
    }

    /// Returns the listed functions with invocations in flight or with invocations that have ended since the last call.
    func collectActivity() -> [FunctionActivity] {
        entries.withLock { Array($0.values) }.compactMap { entry in
            let meters = entry.handle.meters
            let (inFlight, isClosed) = entry.handle.withQueue { ($0.inFlight, $0.isClosed) }
            // An invocation that is counted between these two lines keeps the function listed until the next call.
            let ended = meters.ended
            guard !isClosed, inFlight > 0 || ended != entry.collectedEnded else { return nil }
            let counts = meters.currentCounts
            entries.withLock {
                $0[ObjectIdentifier(entry.handle)]?.collected = counts
                $0[ObjectIdentifier(entry.handle)]?.collectedEnded = ended
            }
            var activity = FunctionActivity(
                function: entry.handle.id, counts: counts.since(entry.collected), inFlight: inFlight)
            if activity.counts.coldStarts > 0 {
                activity.lastColdStart = .nanoseconds(Int64(clamping: meters.lastColdStart))
            }
            return activity
        }
    }

    /// Returns the load of the listed functions.
    /// - Parameter now: The monotonic clock in nanoseconds.
    func currentLoads(now: UInt64) -> [Load] {
        currentLoads(of: entries.withLock { Array($0.values) }, now: now)
    }

    /// Returns the load of those of the given functions that are listed.
    /// - Parameter now: The monotonic clock in nanoseconds.
    func currentLoads(of handles: [FunctionHandle], now: UInt64) -> [Load] {
        currentLoads(of: entries.withLock { entries in handles.compactMap { entries[ObjectIdentifier($0)] } }, now: now)
    }

    private func currentLoads(of listed: [Entry], now: UInt64) -> [Load] {
        listed.compactMap { entry in
            let (function, replicas, isKept) = entry.handle.withQueue { queue in
                let load = queue.load(now: now)
                let replicas = queue.currentReplicas()
                let isActive =
                    load.inFlight > 0 || load.queued > 0 || !replicas.isEmpty || load.admitted != entry.admitted
                if queue.isClosed || !isActive && entry.isOver(now: now) {
                    queue.isListed = false
                    remove(entry.handle)
                } else if isActive {
                    note(entry.handle, admitted: load.admitted, now: now)
                }
                return (load, replicas, !queue.isClosed)
            }
            return isKept ? Load(handle: entry.handle, function: function, replicas: replicas) : nil
        }
    }

    private func note(_ handle: FunctionHandle, admitted: UInt64, now: UInt64) {
        entries.withLock {
            $0[ObjectIdentifier(handle)]?.admitted = admitted
            $0[ObjectIdentifier(handle)]?.activeAt = now
        }
    }

    private func remove(_ handle: FunctionHandle) {
        _ = entries.withLock { $0.removeValue(forKey: ObjectIdentifier(handle)) }
    }
}
