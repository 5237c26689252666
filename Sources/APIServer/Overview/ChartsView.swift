import F2SMetrics
import F2SModel

/// The time series of one function as JSON. All arrays have one length and begin with the oldest step. A value that
/// is not known is null.
struct ChartsView: Encodable, Sendable {
    /// The origin of the numbers.
    enum Source: String, Sendable, Hashable, CaseIterable, Encodable {
        /// This F2S process has counted them.
        case process
        /// Prometheus has stored them.
        case prometheus
    }

    /// The series by their names.
    struct Series: Encodable, Sendable {
        /// Responses of the function per second, by the class of their status.
        var requests: [String: [Double?]]
        /// Errors of F2S per second, by stage. A stage that did not occur is absent.
        var errors: [String: [Double?]]
        /// Quantiles of the duration of a request, in seconds.
        var latency: Latency
        var inFlight: [Int?]
        var slots: [Int?]
        var replicas: Replicas
        /// The number of invocations that waited for a first replica, per step.
        var coldStarts: [Int?]
    }

    struct Latency: Encodable, Sendable {
        var p50: [Double?]
        var p95: [Double?]
        var p99: [Double?]
    }

    struct Replicas: Encodable, Sendable {
        var desired: [Int?]
        var ready: [Int?]
    }

    /// The length of a step in the time series of this process.
    static let stepSecondsDefault = Int(TimeSeriesStore.step.components.seconds)

    var stepSeconds = Self.stepSecondsDefault
    /// The end of the last step, in seconds since 1970.
    @UTCTime var end: Double
    var source = Source.process
    var series: Series

    /// Creates the view of the time series of this process.
    init(_ window: FunctionWindow, end: Double) {
        self.end = end
        let steps = window.steps
        func rates(_ count: (FunctionStep) -> UInt32) -> [Double?] {
            steps.map { $0.map { Self.rate(count($0)) } }
        }
        func seconds(_ quantile: (FunctionStep.Quantiles) -> Float) -> [Double?] {
            steps.map { $0?.duration.map { Double(quantile($0)).rounded(decimals: 6) } }
        }
        func amounts(_ amount: (FunctionStep) -> UInt32?) -> [Int?] { steps.map { $0.flatMap(amount).map { Int($0) } } }
        let classes = StatusClass.allCases.filter { status in
            // The status of an upgraded connection is rare.
            status != .informational || steps.contains { ($0?.responses[status] ?? 0) > 0 }
        }
        let errors = window.failures.map { stage, counts in
            (stage.rawValue, zip(steps, counts).map { step, count in step.map { _ in Self.rate(count) } })
        }
        series = Series(
            requests: Dictionary(
                uniqueKeysWithValues: classes.map { status in (status.text, rates { $0.responses[status] }) }),
            errors: Dictionary(uniqueKeysWithValues: errors),
            latency: Latency(p50: seconds(\.p50), p95: seconds(\.p95), p99: seconds(\.p99)),
            inFlight: amounts { $0.gauges.inFlight }, slots: amounts { $0.gauges.slots },
            replicas: Replicas(desired: amounts { $0.gauges.desired }, ready: amounts { $0.gauges.ready }),
            coldStarts: amounts { $0.coldStarts })
    }

    private static func rate(_ count: UInt32) -> Double { Double(count) / Double(stepSecondsDefault) }
}
