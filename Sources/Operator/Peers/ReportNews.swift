import F2SModel

/// What of this process's load the others have to hear: what is in hand, and counters that have moved. Thousands of
/// functions that nobody calls cost a report nothing. A value without I/O and clock.
struct ReportNews: Sendable {
    /// How long a counter that has moved is repeated: several reports may be lost.
    static let repetition = Duration.seconds(10)

    private struct Memory: Sendable {
        var admitted: UInt64
        var concurrencySeconds: Double
        var movedAt: Duration
    }

    private var memories: [Function.ID: Memory] = [:]
    /// Cold functions that the last report said are wanted.
    private var wanted: Set<Function.ID> = []

    /// Whether a cold function is wanted of which the others have not heard.
    func isUrgent(_ load: LoadReport) -> Bool {
        load.functions.contains { $0.value.wantsActivation && !wanted.contains($0.key) }
    }

    /// The part that a report holds.
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
