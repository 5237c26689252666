import F2SMetrics
import F2SModel

/// What is counted about the other processes.
struct PeerMetrics: Sendable {
    /// What is read at the scrape.
    struct Shown: Sendable {
        /// Other processes that run.
        var peers = 0
        /// Functions that other processes grant the slots of.
        var elsewhere = 0
        /// Functions whose slots are not granted here, or not yet.
        var held = 0
    }

    private let registry: MetricRegistry
    private let failed: Counter

    init(_ registry: MetricRegistry) {
        self.registry = registry
        failed = registry.counter(
            "f2s_peer_failed_reports_total", help: "Reports that did not reach another F2S process.")
    }

    /// Shows what is read at the scrape.
    func show(_ read: @escaping @Sendable () -> Shown) {
        registry.observe("f2s_peers", help: "Other F2S processes that run.", kind: .gauge) {
            [Sample(Double(read().peers))]
        }
        registry.observe(
            "f2s_functions_elsewhere", help: "Functions with a limit whose slots another F2S process grants.",
            kind: .gauge
        ) { [Sample(Double(read().elsewhere))] }
        registry.observe(
            "f2s_functions_held", help: "Functions with a limit whose slots this process does not grant, or not yet.",
            kind: .gauge
        ) { [Sample(Double(read().held))] }
    }

    /// A report has not arrived.
    func countFailure() { failed.add() }
}
