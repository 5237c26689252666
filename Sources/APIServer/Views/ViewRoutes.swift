import F2SConfig
import F2SModel
import HTTPTypes
import Hummingbird

/// The routes that only show state: of functions, of F2S and of its settings.
struct ViewRoutes: Sendable {
    let parts: APIServerParts
    let lists: ListLimit

    var routes: [APIRoute] {
        [why, deployments, services, endpoints, dispatcher, operatorRoute, cluster, config, health]
    }

    private var why: APIRoute {
        view("/functions/{name}/why", "explainFunction", "Explains a function's state.", "FunctionDiagnosis", [404]) {
            request in
            let function = try await parts.platform.functions.fetch(
                request.functionName(), for: request.principal)
            return await parts.observe(function.id, for: request).diagnosis(of: function)
        }
    }

    private var deployments: APIRoute {
        list("/deployments", "listDeployments", "The replicas that run, per function.", "DeploymentList") { _ in
            await parts.observe().deployments
        }
    }

    private var services: APIRoute {
        list("/services", "listServices", "The URLs of the functions.", "ServiceList") { request in
            await parts.observe(for: request).services
        }
    }

    private var endpoints: APIRoute {
        list("/endpoints", "listEndpoints", "The addresses of the replicas, per function.", "EndpointList") { _ in
            await parts.observe().endpoints
        }
    }

    private var dispatcher: APIRoute {
        view("/dispatcher", "getDispatcher", "The dispatcher's connections and load.", "DispatcherView") { _ in
            let report = parts.dispatcherInspector.currentReport()
            return DispatcherView(
                address: report.address, loops: report.loops, connections: report.connections,
                upstreamConnections: report.upstreamConnections, isDraining: report.isDraining,
                functions: await parts.observe().named(report.load.functions))
        }
    }

    private var operatorRoute: APIRoute {
        view("/operator", "getOperator", "The autoscaler's decisions and their reasons.", "OperatorView") { _ in
            await parts.observe().operatorView(isLeader: parts.platform.election.isLeader)
        }
    }

    private var cluster: APIRoute {
        view("/cluster", "getCluster", "The installation as a whole.", "ClusterView") { _ in
            var view = await parts.observe().clusterView(of: parts.platform, version: parts.version)
            view.secrets = parts.secrets.map { ClusterView.Secrets($0) }
            return view
        }
    }

    private var config: APIRoute {
        APIRoute(
            .get, "/config", access: .holder(of: .viewSettings), origin: .ownHost,
            documentation: OperationDocument(
                "getSettings", "The settings in force, secrets masked.",
                answers: [.init(200, "The settings.", [.json: OperationDocument.schema("Settings")])]),
            handler: { _ in Response(parts.settings.current.json + "\n", as: .json) })
    }

    private var health: APIRoute {
        APIRoute(
            .get, "/health", access: .everybody, origin: .anywhere,
            documentation: OperationDocument(
                "getHealth", "The health of F2S and of the platform that it runs functions on.",
                answers: [.init(200, "The health.", [.json: OperationDocument.schema("Health")])], problems: [503]),
            handler: { _ in
                if let outage = parts.platform.replicas.currentOutage {
                    throw Problem(status: 503, title: "The platform cannot be reached", detail: outage)
                }
                return try Response(json: HealthView(version: parts.version, conditions: parts.conditions()))
            })
    }

    /// Creates a route that shows a list.
    private func list<Item: Encodable & Sendable & SendableMetatype>(
        _ path: String, _ name: String, _ summary: String, _ schema: String,
        _ items: @escaping @Sendable (APIRequest) async throws -> [Item]
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                name, summary, answers: [.init(200, "The current state.", [.json: OperationDocument.schema(schema)])],
                problems: [503]),
            handler: { [lists] request in
                let lease = try lists.acquire()
                return .items(try await items(request), lease)
            })
    }

    /// Creates a route that shows one value as JSON.
    private func view<Value: Encodable & SendableMetatype>(
        _ path: String, _ name: String, _ summary: String, _ schema: String, _ problems: [Int] = [],
        _ value: @escaping @Sendable (APIRequest) async throws -> Value
    ) -> APIRoute {
        APIRoute(
            .get, path, access: .holder(of: .list), origin: .ownHost,
            documentation: OperationDocument(
                name, summary, answers: [.init(200, "The current state.", [.json: OperationDocument.schema(schema)])],
                problems: problems),
            handler: { request in try Response(json: try await value(request)) })
    }
}
