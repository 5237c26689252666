import F2SModel

/// What is said when F2S is told to end, so that who waits for it knows for what.
struct EndingText {
    /// What is in flight or waits now.
    let load: LoadReport
    /// Names of functions.
    let names: [Function.ID: FunctionName]
    /// Time for invocations to end (`f2s.limits.drain_timeout`).
    let drainTimeout: Duration
    /// Time to go on as before (`f2s.shutdown_delay`).
    let shutdownDelay: Duration

    /// The functions that are named at most.
    private static let namedMax = 5

    /// When the first signal has come.
    var beginning: String {
        let goesOn =
            shutdownDelay > .zero
            ? " Goes on for \(shutdownDelay.humanText) first, so that callers go elsewhere (f2s.shutdown_delay)." : ""
        let waits =
            inHand.isEmpty
            ? "\(counted)."
            : "\(counted), with up to \(drainTimeout.humanText) to end (f2s.limits.drain_timeout)."
        return "Ending: \(waits)\(goesOn) Ctrl-C again ends at once."
    }

    /// While invocations go on.
    var waiting: String { "Still waiting: \(counted). Ctrl-C ends at once." }

    /// How many invocations, of which functions.
    var counted: String {
        guard !inHand.isEmpty else { return "no invocation is in flight" }
        let total = inHand.reduce(0) { $0 + $1.count }
        let named = inHand.prefix(Self.namedMax).map { "\($0.name): \($0.count)" }
        let more = inHand.count > Self.namedMax ? ", and others" : ""
        return "\(total) invocation\(total == 1 ? " is" : "s are") in flight or wait\(total == 1 ? "s" : "") "
            + "(\(named.joined(separator: ", "))\(more))"
    }

    private var inHand: [(name: String, count: Int)] {
        load.functions.compactMap { id, load in
            let count = load.inFlight + load.queued
            return count > 0 ? (names[id]?.text ?? id.text, count) : nil
        }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
