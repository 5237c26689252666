import F2SModel

/// The log texts of a shutdown. They show the user the invocations that F2S waits for.
struct EndingText {
    /// The current load: invocations in flight and queued.
    let load: LoadReport
    /// The names of the functions.
    let names: [Function.ID: FunctionName]
    /// The longest wait for invocations (`f2s.limits.drain_timeout`).
    let drainTimeout: Duration
    /// The time for which F2S goes on serving first (`f2s.shutdown_delay`).
    let shutdownDelay: Duration

    /// The maximum number of functions that are named.
    private static let namedMax = 5

    /// The text at the first signal.
    var beginning: String {
        let goesOn =
            shutdownDelay > .zero
            ? " First, F2S goes on serving for \(shutdownDelay.humanText) (f2s.shutdown_delay)." : ""
        let waits =
            inHand.isEmpty
            ? "\(counted)."
            : "\(counted), with up to \(drainTimeout.humanText) to end (f2s.limits.drain_timeout)."
        return "Ending: \(waits)\(goesOn) Press Ctrl-C again to end at once."
    }

    /// The text while invocations are in flight or queued.
    var waiting: String { "Still waiting: \(counted). Press Ctrl-C to end at once." }

    /// The number of invocations, in all and by function.
    var counted: String {
        guard !inHand.isEmpty else { return "no invocation is in flight" }
        let total = inHand.reduce(0) { $0 + $1.count }
        let named = inHand.prefix(Self.namedMax).map { "\($0.name): \($0.count)" }
        let more = inHand.count > Self.namedMax ? ", and others" : ""
        return "\(total) invocation\(total == 1 ? " is" : "s are") in flight or queued "
            + "(\(named.joined(separator: ", "))\(more))"
    }

    private var inHand: [(name: String, count: Int)] {
        load.functions.compactMap { id, load in
            let count = load.inFlight + load.queued
            return count > 0 ? (names[id]?.text ?? id.text, count) : nil
        }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
