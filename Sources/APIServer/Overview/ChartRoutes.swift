import F2SMetrics
import F2SModel
import Hummingbird

/// `/functions/{name}/charts`: the time series of one function, from Prometheus if the settings name one, or else from
/// this process.
struct ChartRoutes: Sendable {
    let functions: any FunctionStore
    let peers: any PeerDirectory
    let sampler: TimeSeriesSampler
    /// Prometheus; `nil` if there is none at all.
    let database: (any FunctionSeriesSource)?

    /// The time that this process remembers.
    private static let ownSecondsMax = TimeSeriesStore.stepsMax * ChartsView.stepSecondsDefault
    /// The longest time: 7 days.
    private static let secondsMax = 7 * 86_400

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/functions/{name}/charts", access: .holder(of: .list), origin: .ownHost,
                documentation: OperationDocument(
                    "getCharts",
                    "The requests, errors, latency and replicas of a function. With prometheus.url in the settings, "
                        + "Prometheus has counted the invocations of all F2S processes. Without, or if Prometheus does "
                        + "not answer, this F2S process has counted those of the last hour; processes tells how many "
                        + "others run.",
                    parameters: [
                        .query(
                            "seconds", "The time until now. More than an hour needs Prometheus.",
                            schema: [
                                "type": "integer", "minimum": 10, "maximum": .number(Self.secondsMax),
                                "default": .number(Self.ownSecondsMax),
                            ])
                    ], answers: [.init(200, "The time series.", [.json: OperationDocument.schema("Charts")])],
                    problems: [400, 404, 503]),
                handler: { request in
                    let seconds = try request.number(
                        "seconds", default: Self.ownSecondsMax, allowed: 10...Self.secondsMax)
                    let function = try await functions.fetch(request.functionName(), for: request.principal)
                    return try await Response(json: charts(of: function, seconds: seconds), isIndented: false)
                })
        ]
    }

    private func charts(of function: Function, seconds: Int) async throws(Problem) -> ChartsView {
        do throws(FunctionSeriesError) {
            if let series = try await database?.fetchSeries(of: function.name, seconds: seconds) {
                return ChartsView(series, peers: peers.currentPeers)
            }
        } catch {
            switch error {
            case .unavailable(let reason):
                guard seconds <= Self.ownSecondsMax else { throw .withoutDatabase(reason) }
                return ownCharts(of: function, seconds: seconds, note: reason)
            }
        }
        guard seconds <= Self.ownSecondsMax else { throw .tooLong(seconds, max: Self.ownSecondsMax) }
        return ownCharts(of: function, seconds: seconds, note: nil)
    }

    /// Returns what this process has counted.
    private func ownCharts(of function: Function, seconds: Int, note: String?) -> ChartsView {
        let (store, end) = (sampler.current.store, sampler.current.end)
        let steps = (seconds + ChartsView.stepSecondsDefault - 1) / ChartsView.stepSecondsDefault
        var charts = ChartsView(
            store.window(of: function.id, steps: steps), end: end, peers: peers.currentPeers)
        charts.note = note
        return charts
    }
}

extension Problem {
    /// Returns the problem of a time for which Prometheus is needed, and does not answer.
    fileprivate static func withoutDatabase(_ reason: String) -> Problem {
        Problem(
            status: 503, title: "Prometheus is not available",
            detail: "\(reason) F2S itself remembers the last hour: for that, ask for seconds=3600 or less.")
    }

    /// Returns the problem of a time for which Prometheus is needed, while the settings name none.
    fileprivate static func tooLong(_ seconds: Int, max: Int) -> Problem {
        let error = FieldError(
            field: "the query parameter seconds", value: "\(seconds)",
            requirement: "be at most \(max) while prometheus.url is not set, because F2S itself remembers one hour")
        return Problem(
            status: 400, title: "The query is malformed", detail: "\(error).", errors: [error.description])
    }
}
