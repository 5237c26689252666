import F2SModel

extension Observation {
    /// The replicas that run, per function in alphabetical order.
    var deployments: [DeploymentView] {
        functionsByName.map { function in
            let replicas = replicas(of: function)
            return DeploymentView(
                function: function.name.text, revision: function.revision.text, image: function.target.image,
                command: function.target.command,
                desired: explanations[function.id]?.desired ?? function.status.desiredReplicas,
                replicas: replicas.count, ready: replicas.count { $0.state == .ready },
                draining: replicas.count { $0.state == .draining }, minReplicas: function.target.minReplicas,
                maxReplicas: function.target.maxReplicas)
        }
    }

    /// The URLs of the functions, in alphabetical order of their names.
    var services: [ServiceView] {
        functionsByName.map { function in
            ServiceView(
                function: function.name.text, route: function.route.path, method: function.method?.rawValue,
                url: url(of: function))
        }
    }

    /// The addresses of the replicas, per function in alphabetical order.
    var endpoints: [EndpointView] {
        functionsByName.map { function in
            let replicas = replicas(of: function)
            return EndpointView(
                function: function.name.text,
                addresses: replicas.filter { $0.state == .ready }.compactMap { $0.address?.description },
                notReadyAddresses: replicas.filter { $0.state != .ready }.compactMap { $0.address?.description })
        }
    }

    /// Returns the autoscaler's decisions and the start failures.
    func operatorView(isLeader: Bool) -> OperatorView {
        OperatorView(
            isLeader: isLeader, functions: explanations.values.sorted { $0.function < $1.function },
            startFailures: named(replicas.startFailures))
    }

    /// Returns the installation as a whole.
    func clusterView(of platform: Platform, version: String) -> ClusterView {
        let loads = load.functions.values
        return ClusterView(
            platform: platform.name, version: version, isLeader: platform.election.isLeader,
            peers: platform.peers.currentPeers.others.compactMap { $0.address?.description },
            functions: catalog.functions.count, rejections: catalog.rejections,
            replicas: Dictionary(replicas.replicas.map { ($0.state.rawValue, 1) }, uniquingKeysWith: +),
            inFlight: loads.reduce(0) { $0 + $1.inFlight }, queued: loads.reduce(0) { $0 + $1.queued })
    }

    /// Returns the same values by function name. A function that is no longer declared keeps its identifier.
    func named<Value>(_ values: [Function.ID: Value]) -> [String: Value] {
        let names = Dictionary(catalog.functions.map { ($0.id, $0.name.text) }) { first, _ in first }
        return Dictionary(values.map { (names[$0.key] ?? $0.key.text, $0.value) }) { first, _ in first }
    }

    private var functionsByName: [Function] { catalog.functions.sorted { $0.name < $1.name } }
}
