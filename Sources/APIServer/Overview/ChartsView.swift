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

    /// The F2S processes of the installation.
    struct Processes: Encodable, Sendable {
        /// The number of processes that have counted the invocations of the series.
        var counted: Int
        /// The number of processes that run.
        var running: Int

        /// Creates the numbers of time series that some of the processes have counted, or one.
        init(_ peers: PeerSnapshot, counted: Int = 1) {
            running = 1 + peers.others.count { $0.isAlive }
            self.counted = min(counted, running)
        }
    }

    /// The length of a step in the time series of this process.
    static let stepSecondsDefault = Int(TimeSeriesStore.step.components.seconds)

    var stepSeconds = Self.stepSecondsDefault
    /// The end of the last step, in seconds since 1970.
    @UTCTime var end: Double
    var source = Source.process
    /// The reason for which this process has counted, although the settings name Prometheus.
    var note: String?
    /// The processes to which everything but the slots and replicas refers, which are those of all processes.
    var processes: Processes
    var series: Series

    /// Creates the view of the time series of this process.
    init(_ window: FunctionWindow, end: Double, peers: PeerSnapshot) {
        self.end = end
        processes = Processes(peers)
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

    /// Creates the view of the time series of a database of metrics.
    init(_ series: FunctionSeries, peers: PeerSnapshot) {
        func rates(_ values: FunctionSeries.Values) -> [Double?] { values.map { $0?.rounded(decimals: 6) } }
        func amounts(_ values: FunctionSeries.Values) -> [Int?] {
            values.map { $0.flatMap { Int(exactly: $0.rounded()) } }
        }
        // The status of an upgraded connection is rare.
        let responses = series.responses.filter { status, values in
            status != StatusClass.informational.text || values.contains { ($0 ?? 0) > 0 }
        }
        stepSeconds = series.stepSeconds
        end = series.end
        source = .prometheus
        // Prometheus may also scrape another installation.
        processes = Processes(peers, counted: series.processes)
        self.series = Series(
            requests: responses.mapValues(rates),
            errors: Dictionary(uniqueKeysWithValues: series.failures.map { ($0.rawValue, rates($1)) }),
            latency: Latency(p50: rates(series.p50), p95: rates(series.p95), p99: rates(series.p99)),
            inFlight: amounts(series.inFlight), slots: amounts(series.slots),
            replicas: Replicas(desired: amounts(series.desired), ready: amounts(series.ready)),
            coldStarts: amounts(series.coldStarts))
    }

    private static func rate(_ count: UInt32) -> Double { Double(count) / Double(stepSecondsDefault) }
}
