import F2SMetrics
import F2SModel

/// The metrics of drains.
struct DrainMetrics: Sendable {
    /// The outcome of a drain, as a metric label.
    enum Outcome: String, Sendable, CaseIterable {
        case done
        case tooSlow = "too_slow"
        case unconfirmed
    }

    private let drains: [Outcome: Counter]
    private let seconds: Histogram
    private let cuts: Counter

    private static let buckets = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

    init(_ registry: MetricRegistry) {
        drains = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map { outcome in
                let counter = registry.counter(
                    "f2s_drains_total", help: "Replicas' hooks that were answered, by outcome.",
                    labels: [("outcome", outcome.rawValue)])
                return (outcome, counter)
            })
        cuts = registry.invocationsCut()
        seconds = registry.histogram(
            "f2s_drain_seconds", help: "Time that a replica's hook waited for its answer.", buckets: Self.buckets)
    }

    /// Counts invocations that are in flight on a replica when the platform stops it.
    func countCut(_ count: Int) { cuts.add(UInt64(max(0, count))) }

    /// Counts the answer to a hook.
    func count(_ error: DrainError?, after duration: Duration) {
        let outcome: Outcome =
            switch error {
            case nil: .done
            case .tooSlow: .tooSlow
            case .unconfirmed: .unconfirmed
            }
        drains[outcome]?.add()
        seconds.observe(nanoseconds: UInt64(max(0, duration.inSeconds) * 1e9))
    }
}
