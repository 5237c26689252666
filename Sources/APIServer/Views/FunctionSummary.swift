import F2SModel

/// What a person wants to see of a function at a glance.
struct FunctionSummary: Sendable, Hashable {
    let name: String
    /// Public path, `/invoke` included.
    let path: String
    /// `any` where the function answers every method.
    let method: String
    /// The reason of its condition Ready, or that of what is wrong.
    let state: String
    let ready: Int
    let desired: Int
    /// Why it does not start, or is never invoked; `nil`: nothing is known to be wrong.
    let problem: String?
}

extension Observation {
    /// Every function in alphabetical order.
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
            problem: wrong?.message ?? (entry.trouble ?? entry.restart)?.message)
    }

    private static let failures: [Condition.Kind] = [.routeConflict, .rolloutFailed, .startFailed, .noCommand]
}
