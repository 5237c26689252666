import F2SMetrics
import F2SModel
import Hummingbird

/// `/functions/{name}/charts`: the time series of one function.
struct ChartRoutes: Sendable {
    let functions: any FunctionStore
    let sampler: TimeSeriesSampler

    private static let secondsMax = TimeSeriesStore.stepsMax * ChartsView.stepSecondsDefault

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/functions/{name}/charts", access: .holder(of: .list), origin: .ownHost,
                documentation: OperationDocument(
                    "getCharts",
                    "The requests, errors, latency and replicas of a function in the last hour, as this F2S process "
                        + "has counted them.",
                    parameters: [
                        .query(
                            "seconds", "The time until now.",
                            schema: [
                                "type": "integer", "minimum": 10, "maximum": .number(Self.secondsMax),
                                "default": .number(Self.secondsMax),
                            ])
                    ], answers: [.init(200, "The time series.", [.json: OperationDocument.schema("Charts")])],
                    problems: [400, 404]),
                handler: { request in
                    let seconds = try request.number("seconds", default: Self.secondsMax, allowed: 10...Self.secondsMax)
                    let function = try await functions.fetch(request.functionName(), for: request.principal)
                    let (store, end) = (sampler.current.store, sampler.current.end)
                    let steps = (seconds + ChartsView.stepSecondsDefault - 1) / ChartsView.stepSecondsDefault
                    return try Response(
                        json: ChartsView(store.window(of: function.id, steps: steps), end: end), isIndented: false)
                })
        ]
    }
}
