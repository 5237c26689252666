import F2SMetrics
import F2SModel

/// The question about all time series of one function, as one query. Prometheus then answers it by one consistent
/// state, and F2S waits once.
///
/// The query sums over the scraped F2S processes. The label `series` tells the parts of the answer apart.
struct FunctionQuery: Sendable, Hashable {
    /// A part of the answer. The raw value is the value of the label ``FunctionQuery/label``.
    enum Part: String, Sendable, CaseIterable {
        /// Has the label `status`.
        case requests
        /// Has the label `stage`.
        case errors
        case p50, p95, p99
        case inFlight, slots, desired, ready, coldStarts
        /// The number of scraped F2S processes. It tells a time without requests from one without scrapes.
        case processes
    }

    /// The label that names the part.
    static let label = "series"

    let function: FunctionName
    /// The time between two values, in seconds.
    let stepSeconds: Int
    /// The interval of the scrapes, in seconds.
    let scrapeSeconds: Int

    /// The query in PromQL.
    var text: String {
        Part.allCases.map { Self.labelled(expression(of: $0), Self.label, $0.rawValue) }.joined(separator: " or ")
    }

    /// Returns the PromQL expression of a part.
    func expression(of part: Part) -> String {
        switch part {
        case .requests: "sum by (status) (\(rate(of: "f2s_requests_completed_total")))"
        case .errors: "sum by (stage) (\(rate(of: "f2s_requests_failed_total")))"
        case .p50: quantile("0.5")
        case .p95: quantile("0.95")
        case .p99: quantile("0.99")
        case .inFlight: "sum(\(selected("f2s_requests_in_flight")))"
        // Only the leader exports these three. While the leader changes, two processes may have done so.
        case .slots: "max(\(selected("f2s_slots")))"
        case .desired: "max(\(selected("f2s_replicas_desired")))"
        case .ready: "max(\(selected("f2s_replicas_ready")))"
        case .coldStarts: "sum(\(rate(of: "f2s_cold_start_seconds_count"))) * \(stepSeconds)"
        case .processes: "count(f2s_build_info)"
        }
    }

    private func quantile(_ quantile: String) -> String {
        "histogram_quantile(\(quantile), sum by (le) (\(rate(of: "f2s_request_duration_seconds_bucket"))))"
    }

    /// Returns an expression whose series get one more label.
    private static func labelled(_ expression: String, _ name: String, _ value: String) -> String {
        // Without a source label, label_replace sets the label in any case.
        "label_replace(\(expression), \"\(name)\", \"\(value)\", \"\", \"\")"
    }

    private func selected(_ metric: String) -> String { "\(metric){function=\"\(function.text.escapedLabelValue)\"}" }

    /// Returns the increase per second of each series of a counter, in each step.
    ///
    /// `rate` needs two samples, and counts what happened between the first and the last of its window. The window is
    /// therefore one scrape longer than a step: the windows of two steps share one sample, and no request is lost
    /// between them.
    ///
    /// F2S exports a series once it has counted something, so the first value of a series is not zero. If the process
    /// was scraped before, `rate` misses that value, which is the only one of a function that was invoked once. The
    /// second operand adds it, under another label, so that `or` keeps both.
    private func rate(of metric: String) -> String {
        let (series, step, window) = (selected(metric), "\(stepSeconds)s", "\(stepSeconds + scrapeSeconds)s")
        let began = "(min_over_time(\(series)[\(step)]) unless \(series) offset \(step))"
        let first = "(\(began) and on (job, instance) (f2s_build_info offset \(step))) / \(stepSeconds)"
        return "rate(\(series)[\(window)]) or " + Self.labelled(first, "part", "first")
    }
}
