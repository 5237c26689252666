import F2SModel

/// The summary of a function for people.
struct FunctionSummary: Sendable, Hashable {
    let name: String
    /// The public path, including `/invoke`.
    let path: String
    /// The method; `any` if the function answers every method.
    let method: String
    /// The reason of the condition Ready, or the type of a failure condition.
    let state: String
    let ready: Int
    let desired: Int
    /// The reason that the function does not start or is never invoked; `nil` if no failure is known.
    let problem: String?
}

extension Observation {
    /// The summaries of all functions, in alphabetical order.
    var summaries: [FunctionSummary] {
        catalog.functions.sorted { $0.name < $1.name }.map { summary(of: $0) }
    }

    private func summary(of function: Function) -> FunctionSummary {
        let conditions = function.status.conditions
        let ready = conditions.first { $0.kind == .ready }
        let wrong = conditions.first { $0.isTrue && Self.failures.contains($0.kind) }
        let explanation = explanations[function.id]
        let entry = replicas[function.id]
        return FunctionSummary(
            name: function.name.text, path: "/invoke\(function.route)", method: function.method?.rawValue ?? "any",
            state: wrong?.kind.rawValue ?? ready?.reason ?? "Unknown",
            ready: explanation?.ready ?? function.status.readyReplicas,
            desired: explanation?.desired ?? function.status.desiredReplicas,
            problem: wrong?.message ?? (entry.startFailure ?? entry.restart)?.message)
    }

    private static let failures: [Condition.Kind] = [.routeConflict, .rolloutFailed, .startFailed, .noCommand]
}
