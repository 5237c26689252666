import F2SMetrics
import F2SModel

/// The metrics of the other processes.
struct PeerMetrics: Sendable {
    /// The values that are read at a scrape.
    struct Shown: Sendable {
        /// The number of other processes that run.
        var peers = 0
        /// The number of functions whose slots other processes grant.
        var elsewhere = 0
        /// The number of functions whose slots this process does not grant, or does not grant yet.
        var withheld = 0
    }

    private let registry: MetricRegistry
    private let failed: Counter

    init(_ registry: MetricRegistry) {
        self.registry = registry
        failed = registry.counter(
            "f2s_peer_failed_reports_total", help: "Reports that did not reach another F2S process.")
    }

    /// Registers the gauges.
    func show(_ read: @escaping @Sendable () -> Shown) {
        registry.observe("f2s_peers", help: "Other F2S processes that run.", kind: .gauge) {
            [Sample(Double(read().peers))]
        }
        registry.observe(
            "f2s_functions_elsewhere", help: "Functions with a limit whose slots another F2S process grants.",
            kind: .gauge
        ) { [Sample(Double(read().elsewhere))] }
        registry.observe(
            "f2s_functions_held", help: "Functions with a limit whose slots this process does not grant (yet).",
            kind: .gauge
        ) { [Sample(Double(read().withheld))] }
    }

    /// Counts a report that did not arrive.
    func countFailure() { failed.add() }
}
