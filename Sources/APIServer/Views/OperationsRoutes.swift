import F2SMetrics
import F2SModel
import Hummingbird

/// What the operations listener serves: to Prometheus and to whoever decides where traffic goes.
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
                    response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
                    return response
                }),
            APIRoute(
                .get, "/ready", access: .everybody, origin: .anywhere,
                documentation: OperationDocument(
                    "getReadiness", "Whether this process takes invocations.",
                    answers: [.init(200, "It does.", [.text: [:]])],
                    problems: [503]),
                handler: { [isReady, conditions] _ in
                    guard isReady() else {
                        let failed = conditions().first { !$0.isTrue && $0.reason == "NoGoodSettings" }
                        throw Problem(
                            status: 503, title: "Not ready",
                            detail: failed?.message
                                ?? "This process takes no invocations: it is starting or about to end. Retry in a "
                                + "second.", reason: failed?.reason)
                    }
                    return Response("ready\n", as: .text)
                }),
        ]
    }
}
