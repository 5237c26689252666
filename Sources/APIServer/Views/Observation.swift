import F2SModel

/// What F2S sees at one moment: declarations, replicas, load and decisions. Every view is made of one of these by pure
/// functions.
struct Observation: Sendable {
    /// Declarations, and those that were refused.
    let catalog: FunctionSnapshot
    /// Replicas as the dispatcher sees them, and why functions have none.
    let replicas: ReplicaSnapshot
    /// What is in hand.
    let load: LoadReport
    /// The autoscaler's newest decisions.
    let explanations: [Function.ID: ScaleExplanation]
    /// Where the public listener is reachable, `host:port`.
    let publicAuthority: String

    /// Where a function is invoked.
    func url(of function: Function) -> String { "http://\(publicAuthority)/invoke\(function.route)" }

    /// The replicas of a function that still exist, oldest first.
    func replicas(of function: Function) -> [Replica] {
        replicas[function.id].replicas.filter { $0.state != .gone }
            .sorted { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// Why a function is as it is.
    func diagnosis(of function: Function) -> FunctionDiagnosis {
        let trouble = replicas[function.id].trouble ?? replicas[function.id].restart
        return FunctionDiagnosis(
            function: function.name.text, url: url(of: function), summary: summary(of: function, trouble: trouble),
            scale: explanations[function.id], conditions: function.status.conditions, trouble: trouble,
            load: load.functions[function.id],
            replicas: replicas(of: function).map { replica in
                ReplicaView(
                    replica, current: function.revision, load: load.replicas[replica.id] ?? LoadReport.ReplicaLoad())
            })
    }

    /// What stands in the way comes first, then what the autoscaler says.
    private func summary(of function: Function, trouble: StartTrouble?) -> String {
        if let holder = catalog.routeHolder(of: function) {
            return "\(holder.name) is older and has the same endpoint and method, so this function is never invoked. "
                + "Change spec.endpoint or spec.method of one of them."
        }
        if let trouble { return trouble.message }
        // What is under way is no problem.
        let problems = function.status.conditions.filter {
            $0.kind != .progressing && ($0.kind == .ready) != $0.isTrue
        }
        if let problem = problems.first(where: { $0.kind != .ready }) ?? problems.first { return problem.message }
        return explanations[function.id]?.message ?? "The autoscaler has not looked at it yet. Ask again in a second."
    }
}
