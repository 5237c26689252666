import F2SModel

/// The state of F2S at one moment: declarations, replicas, load and decisions. Every view is derived from an
/// observation by pure functions.
struct Observation: Sendable {
    /// The declarations, including the rejected ones.
    let catalog: FunctionSnapshot
    /// The replicas as the dispatcher sees them, and the start failures.
    let replicas: ReplicaSnapshot
    /// The current load.
    let load: LoadReport
    /// The autoscaler's newest decisions.
    let explanations: [Function.ID: ScaleExplanation]
    /// The scheme and authority of the public listener.
    let publicOrigin: String

    /// Returns the URL at which a function is invoked.
    func url(of function: Function) -> String { "\(publicOrigin)/invoke\(function.route)" }

    /// Returns the existing replicas of a function, oldest first.
    func replicas(of function: Function) -> [Replica] {
        replicas[function.id].replicas.filter { $0.state != .gone }
            .sorted { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// Returns the reasons for a function's state.
    func diagnosis(of function: Function) -> FunctionDiagnosis {
        let startFailure = replicas[function.id].startFailure ?? replicas[function.id].restart
        var scale = explanations[function.id]
        let decisions = scale?.changes
        scale?.changes = nil
        return FunctionDiagnosis(
            function: function.name.text, url: url(of: function),
            summary: summary(of: function, startFailure: startFailure),
            scale: scale, decisions: decisions, conditions: function.status.conditions, startFailure: startFailure,
            load: load.functions[function.id],
            replicas: replicas(of: function).map { replica in
                ReplicaView(
                    replica, current: function.revision, load: load.replicas[replica.id] ?? LoadReport.ReplicaLoad())
            })
    }

    /// Returns the main reason: first a failure, then the autoscaler's decision.
    private func summary(of function: Function, startFailure: StartFailure?) -> String {
        if let holder = catalog.routeHolder(of: function) {
            return "\(holder.name) is older and has the same endpoint and method, so this function is never invoked. "
                + "Change spec.endpoint or spec.method of one of them."
        }
        if let startFailure { return startFailure.message }
        // A rollout or start in progress is not a problem.
        let problems = function.status.conditions.filter {
            $0.kind != .progressing && ($0.kind == .ready) != $0.isTrue
        }
        if let problem = problems.first(where: { $0.kind != .ready }) ?? problems.first { return problem.message }
        return explanations[function.id]?.message ?? "The autoscaler has not decided yet. Retry in a second."
    }
}
