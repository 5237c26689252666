import F2SMetrics
import F2SModel

/// What is counted about drains.
struct DrainMetrics: Sendable {
    /// How a drain has ended, as a metric label.
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
        cuts = OperatorMetrics.cuts(registry)
        seconds = registry.histogram(
            "f2s_drain_seconds", help: "Time that a replica's hook waited for its answer.", buckets: Self.buckets)
    }

    /// A platform stops a replica on which invocations are in flight.
    func countCut(_ count: Int) { cuts.add(UInt64(max(0, count))) }

    /// A hook has been answered.
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
