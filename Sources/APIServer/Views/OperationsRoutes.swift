import F2SMetrics
import F2SModel
import Hummingbird

/// The routes of the operations listener, for Prometheus and for load balancers.
struct OperationsRoutes: Sendable {
    let metrics: MetricRegistry
    let isReady: @Sendable () -> Bool
    let conditions: @Sendable () -> [InstallationCondition]

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, "/metrics", access: .everybody, origin: .anywhere,
                documentation: OperationDocument(
                    "getMetrics", "Prometheus metrics.", answers: [.init(200, "Text format 0.0.4.", [.text: [:]])]),
                handler: { [metrics] _ in
                    var response = Response(metrics.exposition(), as: .text)
                    response.headers[.contentType] = MetricRegistry.expositionMediaType
                    return response
                }),
            APIRoute(
                .get, "/ready", access: .everybody, origin: .anywhere,
                documentation: OperationDocument(
                    "getReadiness", "The readiness of this process.",
                    answers: [.init(200, "The process accepts invocations.", [.text: [:]])],
                    problems: [503]),
                handler: { [isReady, conditions] _ in
                    guard isReady() else {
                        let failed = conditions().first { !$0.isTrue && $0.reason == "NoGoodSettings" }
                        throw Problem(
                            status: 503, title: "Not ready",
                            detail: failed?.message
                                ?? "This process accepts no invocations: it is starting or shutting down. Retry in a "
                                + "second.", reason: failed?.reason)
                    }
                    return Response("ready\n", as: .text)
                }),
        ]
    }
}
