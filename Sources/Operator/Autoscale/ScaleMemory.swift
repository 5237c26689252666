import F2SModel

/// What a decision is taken from.
struct ScaleObservation: Sendable, Hashable {
    /// The dispatcher's report; `nil`: nothing was in flight or waiting since the newest one.
    var load: LoadReport.FunctionLoad?
    /// Whether it is the whole load. If not, nothing is stopped.
    var isComplete = true
    /// Replicas that exist and are not on their way out.
    var existing: Int
    /// Of these, those that take invocations.
    var ready: Int
    /// Of these, those that took invocations before and are being started again.
    var down = 0
    /// Whether the newest start failed.
    var hasTrouble: Bool
    /// Monotonic time.
    var now: Duration
}

/// What one decision leaves to the next.
struct ScaleMemory: Sendable, Hashable {
    /// Load over time.
    var window = LoadWindow()
    /// The number decided last; `nil` before the first decision.
    var desired: Int?
    /// When something was in flight or waiting last; `nil`: never yet.
    var activeAt: Duration?
    /// When load was seen to jump last; `nil`: calm.
    var panicAt: Duration?
    /// When the number was lowered last.
    var loweredAt: Duration?
    /// The most that the queue has asked for lately: a burst is over before its replicas are up, and they must not be
    /// stopped at once.
    private(set) var recentAsk = 0
    private var askedAt = Duration.zero

    /// A memory of nothing.
    init(desired: Int? = nil) { self.desired = desired }

    /// Keeps the largest ask for `duration`.
    mutating func remember(ask: Int, at now: Duration, for duration: Duration) {
        guard ask >= recentAsk || now - askedAt >= duration else { return }
        recentAsk = ask
        askedAt = now
    }

    /// True if time alone changes nothing any more.
    var isAtRest: Bool { panicAt == nil && recentAsk == 0 }

    /// Nobody calls any more.
    mutating func calmDown() {
        panicAt = nil
        recentAsk = 0
    }
}
