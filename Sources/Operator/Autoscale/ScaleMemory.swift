import F2SModel

/// The inputs of one decision.
struct ScaleObservation: Sendable, Hashable {
    /// The function's load; `nil` if nothing was in flight or queued since the newest report.
    var load: LoadReport.FunctionLoad?
    /// True if `load` covers all processes. If not, no replica is stopped.
    var isComplete = true
    /// The newest reading of the function's outside signal; `nil` if the function has none.
    var signal: ScaleReading?
    /// The number of replicas that exist and are neither draining nor being stopped.
    var existing: Int
    /// The number of existing replicas that accept invocations.
    var ready: Int
    /// The number of existing replicas that accepted invocations before and are being restarted.
    var down = 0
    /// True if the newest start failed.
    var hasStartFailure: Bool
    /// The monotonic time.
    var now: Duration
}

/// The state that one decision passes to the next.
struct ScaleMemory: Sendable, Hashable {
    /// The load over time.
    var window = LoadWindow()
    /// The number decided last; `nil` before the first decision.
    var desired: Int?
    /// The time of the last activity, which is an invocation in flight or queued, a requested start, or an outside
    /// signal that requires a replica; `nil` before the first.
    var activeAt: Duration?
    /// The time of the last jump in load; `nil` if the load is calm.
    var panicAt: Duration?
    /// The time at which the number was last lowered; `nil` if it never was.
    var loweredAt: Duration?
    /// The largest number that the queue has recently required. A burst ends before its replicas are ready, and they
    /// must not be stopped at once.
    private(set) var recentAsk = 0
    private var askedAt = Duration.zero

    /// Creates an empty memory.
    init(desired: Int? = nil) { self.desired = desired }

    /// Remembers the largest requirement for `duration`.
    mutating func remember(ask: Int, at now: Duration, for duration: Duration) {
        guard ask >= recentAsk || now - askedAt >= duration else { return }
        recentAsk = ask
        askedAt = now
    }

    /// True if the passage of time alone changes nothing.
    var isAtRest: Bool { panicAt == nil && recentAsk == 0 }

    /// Ends a panic, because no invocations arrive any more.
    mutating func calmDown() {
        panicAt = nil
        recentAsk = 0
    }
}
