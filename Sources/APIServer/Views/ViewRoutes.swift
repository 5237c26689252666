import F2SConfig
import F2SModel
import HTTPTypes
import Hummingbird

/// Everything that only shows what is: how functions run, how F2S runs, how it is set.
struct ViewRoutes: Sendable {
    let parts: APIServerParts
    let lists: ListLimit

    var routes: [APIRoute] {
        [why, deployments, services, endpoints, dispatcher, operatorRoute, cluster, config, health]
    }

    private var why: APIRoute {
        view("/functions/{name}/why", "explainFunction", "Why a function is as it is.", "FunctionDiagnosis", [404]) {
            request in
            let function = try await parts.platform.functions.fetch(request.functionName())
            return await parts.observe(function.id, for: request).diagnosis(of: function)
        }
    }

    private var deployments: APIRoute {
        list("/deployments", "listDeployments", "What runs, per function.", "DeploymentList") { _ in
            await parts.observe().deployments
        }
    }

    private var services: APIRoute {
        list("/services", "listServices", "Where functions are reached.", "ServiceList") { request in
            await parts.observe(for: request).services
        }
    }

    private var endpoints: APIRoute {
        list("/endpoints", "listEndpoints", "Where replicas listen, per function.", "EndpointList") { _ in
            await parts.observe().endpoints
        }
    }

    private var dispatcher: APIRoute {
        view("/dispatcher", "getDispatcher", "What the dispatcher has in hand.", "DispatcherView") { _ in
            let report = parts.dispatcherInspector.currentReport()
            return DispatcherView(
                address: report.address, loops: report.loops, connections: report.connections,
                upstreamConnections: report.upstreamConnections, isDraining: report.isDraining,
                functions: await parts.observe().named(report.load.functions))
        }
    }

    private var operatorRoute: APIRoute {
        view("/operator", "getOperator", "What the autoscaler has decided, and why.", "OperatorView") { _ in
            await parts.observe().operatorView(isLeader: parts.platform.election.isLeader)
        }
    }

    private var cluster: APIRoute {
        view("/cluster", "getCluster", "The installation as a whole.", "ClusterView") { _ in
            await parts.observe().clusterView(of: parts.platform, version: parts.version)
        }
    }

    private var config: APIRoute {
        APIRoute(
            .get, "/config", access: .holder(of: .settings), origin: .ownHost,
            documentation: OperationDocument(
                "getSettings", "The settings in force, secrets masked.",
                answers: [.init(200, "The settings.", [.json: OperationDocument.schema("Settings")])]),
            handler: { _ in Response(parts.settings.current.json + "\n", as: .json) })
    }

    private var health: APIRoute {
        APIRoute(
            .get, "/health", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "getHealth", "Whether F2S is there, and the platform that it runs functions on.",
                answers: [.init(200, "It is.", [.json: OperationDocument.schema("Health")])], problems: [503]),
            handler: { _ in
                if let outage = parts.platform.replicas.currentOutage {
                    throw Problem(status: 503, title: "The platform cannot be reached", detail: outage)
                }
                return try Response(json: HealthView(version: parts.version, conditions: parts.conditions()))
            })
    }

    /// A route that shows a list.
    private func list<Item: Encodable & Sendable & SendableMetatype>(
        _ path: String, _ name: String, _ summary: String, _ schema: String,
        _ items: @escaping @Sendable (APIRequest) async throws -> [Item]
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .holder(of: .read), origin: .ownHost,
            documentation: OperationDocument(
                name, summary, answers: [.init(200, "What F2S sees now.", [.json: OperationDocument.schema(schema)])],
                problems: [503]),
            handler: { [lists] request in
                let lease = try lists.take()
                return .items(try await items(request), lease)
            })
    }

    /// A route that shows one value as JSON.
    private func view<Value: Encodable & SendableMetatype>(
        _ path: String, _ name: String, _ summary: String, _ schema: String, _ problems: [Int] = [],
        _ value: @escaping @Sendable (APIRequest) async throws -> Value
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .holder(of: .read), origin: .ownHost,
            documentation: OperationDocument(
                name, summary, answers: [.init(200, "What F2S sees now.", [.json: OperationDocument.schema(schema)])],
                problems: problems),
            handler: { request in try Response(json: try await value(request)) })
    }
}
