import F2SModel

/// Selects the part of this process's load that the other processes need: invocations in flight or queued, and counters
/// that have changed. Thousands of idle functions add nothing to a report. A value without I/O and clock.
struct LoadDelta: Sendable {
    /// The time for which a changed counter is repeated, because several reports may be lost.
    static let repetition = Duration.seconds(10)

    private struct Memory: Sendable {
        var admitted: UInt64
        var concurrencySeconds: Double
        var movedAt: Duration
    }

    private var memories: [Function.ID: Memory] = [:]
    /// The cold functions for which the last report requested a start.
    private var wanted: Set<Function.ID> = []

    /// Returns true if an invocation waits for a cold function and the last report did not contain that.
    func isUrgent(_ load: LoadReport) -> Bool {
        load.functions.contains { $0.value.wantsActivation && !wanted.contains($0.key) }
    }

    /// Returns the part of the load to report.
    mutating func part(of load: LoadReport, at now: Duration) -> LoadReport {
        var part = LoadReport()
        var newer: [Function.ID: Memory] = [:]
        wanted = []
        for (id, load) in load.functions where load != LoadReport.FunctionLoad() {
            var memory =
                memories[id]
                ?? Memory(admitted: load.admitted, concurrencySeconds: load.concurrencySeconds, movedAt: now)
            if memory.admitted != load.admitted || memory.concurrencySeconds != load.concurrencySeconds {
                memory = Memory(admitted: load.admitted, concurrencySeconds: load.concurrencySeconds, movedAt: now)
            }
            newer[id] = memory
            if load.wantsActivation { wanted.insert(id) }
            let isBusy = load.inFlight > 0 || load.queued > 0 || load.wantsActivation
            if isBusy || now - memory.movedAt < Self.repetition { part.functions[id] = load }
        }
        part.replicas = load.replicas.filter { $0.value != LoadReport.ReplicaLoad() }
        memories = newer
        return part
    }
}
