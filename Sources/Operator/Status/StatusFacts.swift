import F2SModel

/// Everything that a function's status is made from. Equal facts mean an equal status, so that a tick without news
/// costs one comparison.
struct StatusFacts: Sendable, Hashable {
    /// `Function.generation`.
    var generation: Int
    /// `Function.route`.
    var route: Route
    /// Replicas that exist.
    var replicas: Int
    /// Of these, those that take invocations.
    var ready: Int
    /// Replicas of the declared revision that exist and are not stopping.
    var updated = 0
    /// Of these, those that take invocations.
    var updatedReady = 0
    /// Replicas wanted.
    var desired: Int
    /// Whether an older revision serves because the newest does not start.
    var isRolloutStuck: Bool
    /// Why no replica starts: the platform's word and sentence.
    var trouble: Trouble?
    /// Name of the older function with the same route.
    var routeHolder: FunctionName?

    /// The part of a ``StartTrouble`` that people are told; its counters change without being news.
    struct Trouble: Sendable, Hashable {
        let reason: String
        let message: String

        init(_ trouble: StartTrouble) {
            reason = trouble.reason
            message = trouble.message
        }

        /// Local's word for an image without a command.
        var isNoCommand: Bool { reason == "NoCommand" }
    }

    /// The status.
    /// - Parameters:
    ///   - before: the status so far; a condition that still holds keeps its time.
    ///   - now: seconds since 1970.
    func status(after before: FunctionStatus, at now: Double) -> FunctionStatus {
        FunctionStatus(
            observedGeneration: generation, replicas: replicas, updatedReplicas: updated, readyReplicas: ready,
            updatedReadyReplicas: updatedReady, desiredReplicas: desired, url: "/invoke\(route.path)",
            conditions: conditions().map { condition in
                var condition = condition
                let known = before.conditions.first { $0.kind == condition.kind }
                condition.since = known?.isTrue == condition.isTrue ? known?.since ?? 0 : Int64(now)
                return condition
            })
    }

    private func conditions() -> [Condition] {
        var others: [Condition] = []
        if let routeHolder { others.append(.routeConflict(with: routeHolder, route: route)) }
        if let trouble {
            if trouble.isNoCommand {
                others.append(
                    Condition(.noCommand, isTrue: true, reason: trouble.reason, message: trouble.message, since: 0))
            } else if isRolloutStuck {
                others.append(
                    Condition(
                        .rolloutFailed, isTrue: true, reason: trouble.reason,
                        message:
                            "The newest revision does not start; the one before it still serves. \(trouble.message)",
                        since: 0))
            } else if ready == 0 {
                others.append(
                    Condition(.startFailed, isTrue: true, reason: trouble.reason, message: trouble.message, since: 0))
            }
        }
        return [readiness(others)] + others
    }

    private func readiness(_ others: [Condition]) -> Condition {
        if routeHolder == nil, ready > 0 {
            let message = "\(ready) replica\(ready == 1 ? " takes" : "s take") invocations."
            return Condition(.ready, isTrue: true, reason: "ReplicasReady", message: message, since: 0)
        }
        if let obstacle = others.first {
            return Condition(
                .ready, isTrue: false, reason: obstacle.kind.rawValue, message: obstacle.message, since: 0)
        }
        return desired > 0
            ? Condition(.ready, isTrue: true, reason: "Starting", message: "A replica is being started.", since: 0)
            : Condition(
                .ready, isTrue: true, reason: "ScaledToZero", message: "The next invocation starts a replica.", since: 0
            )
    }
}

extension FunctionStatus {
    /// What has newly become true, and what no longer is, as events for people.
    func news(since before: FunctionStatus, of function: FunctionName, at now: Double) -> [Event] {
        let troubles: [Condition.Kind] = [.routeConflict, .rolloutFailed, .startFailed, .noCommand]
        return troubles.flatMap { kind -> [Event] in
            let was = before.conditions.contains { $0.kind == kind && $0.isTrue }
            let condition = conditions.first { $0.kind == kind && $0.isTrue }
            if let condition, !was {
                return [
                    Event(
                        time: now, function: function.text, isWarning: true, reason: kind.rawValue,
                        message: condition.message)
                ]
            }
            if condition == nil, was {
                return [
                    Event(
                        time: now, function: function.text, reason: "\(kind.rawValue)Resolved",
                        message: "\(function): \(kind.rawValue) is over.")
                ]
            }
            return []
        }
    }
}
