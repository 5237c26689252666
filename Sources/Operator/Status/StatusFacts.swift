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
    /// Replicas of older revisions that exist, those on their way out included.
    var older = 0
    /// Replicas wanted.
    var desired: Int
    /// `target.minReplicas`.
    var minimum = 0
    /// Whether an older revision serves because the newest does not start.
    var isRolloutStuck: Bool
    /// Why no replica starts: the platform's word and sentence.
    var trouble: Trouble?
    /// Why the replica that took invocations has ended and is started again.
    var restart: Trouble?
    /// Name of the older function with the same route.
    var routeHolder: FunctionName?
    /// The condition that the store has set because the newest declaration is refused; an older one is served.
    var refusal: Condition?
    /// Whether a failure is forgotten by the platform when nothing runs any more, and so must be remembered here until
    /// the declaration changes or a replica of it takes invocations.
    var keepsFailures = false

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
            conditions: conditions(after: before).map { condition in
                // One that is remembered, or is the store's, has its time already.
                guard condition.since == 0 else { return condition }
                var condition = condition
                let known = before.conditions.first { $0.kind == condition.kind }
                condition.since = known?.isTrue == condition.isTrue ? known?.since ?? 0 : Int64(now)
                return condition
            })
    }

    private func conditions(after before: FunctionStatus) -> [Condition] {
        let obstacles = [routeConflict, refusal, failure(after: before)].compactMap(\.self)
        let others = obstacles + (obstacles.isEmpty ? [progress].compactMap(\.self) : [])
        return [readiness(obstacles)] + others
    }

    private var routeConflict: Condition? {
        routeHolder.map { .routeConflict(with: $0, route: route) }
    }

    /// Why the declared revision does not run.
    private func failure(after before: FunctionStatus) -> Condition? {
        guard updatedReady == 0 else { return nil }
        guard let trouble else { return remembered(before) }
        if trouble.isNoCommand {
            return Condition(.noCommand, isTrue: true, reason: trouble.reason, message: trouble.message, since: 0)
        }
        if isRolloutStuck {
            return Condition(
                .rolloutFailed, isTrue: true, reason: trouble.reason,
                message: "The newest revision does not start; the one before it still serves. \(trouble.message)",
                since: 0)
        }
        guard ready == 0 else { return nil }
        return Condition(.startFailed, isTrue: true, reason: trouble.reason, message: trouble.message, since: 0)
    }

    /// A failure that nothing has disproved: an impossible function does not become possible because nobody calls it.
    private func remembered(_ before: FunctionStatus) -> Condition? {
        guard keepsFailures, before.observedGeneration == generation else { return nil }
        let failed: [Condition.Kind] = [.startFailed, .rolloutFailed]
        guard var failure = before.conditions.first(where: { failed.contains($0.kind) && $0.isTrue }) else {
            return nil
        }
        failure.kind = ready > 0 ? .rolloutFailed : .startFailed
        return failure
    }

    /// What is under way.
    private var progress: Condition? {
        if older > 0, desired > 0 {
            let message =
                "\(updatedReady) of \(desired) replicas of the newest revision take invocations; \(older) older still "
                + "exist\(older == 1 ? "s" : "")."
            return Condition(.progressing, isTrue: true, reason: "RollingOut", message: message, since: 0)
        }
        guard desired > 0, updatedReady == 0 else { return nil }
        if let restart {
            return Condition(
                .progressing, isTrue: true, reason: "Restarting", message: restart.message, since: 0)
        }
        return Condition(
            .progressing, isTrue: true, reason: "Starting", message: "A replica is being started.", since: 0)
    }

    private func readiness(_ obstacles: [Condition]) -> Condition {
        if let obstacle = obstacles.first {
            return Condition(
                .ready, isTrue: false, reason: obstacle.kind.rawValue, message: obstacle.message, since: 0)
        }
        if updatedReady > 0 {
            let message = "\(updatedReady) replica\(updatedReady == 1 ? " takes" : "s take") invocations."
            return Condition(.ready, isTrue: true, reason: "ReplicasReady", message: message, since: 0)
        }
        if ready > 0 {
            return Condition(
                .ready, isTrue: false, reason: "RollingOut",
                message: "No replica of the newest revision takes invocations yet; the one before it still serves.",
                since: 0)
        }
        if let restart, desired > 0 {
            return Condition(.ready, isTrue: false, reason: restart.reason, message: restart.message, since: 0)
        }
        // Where nothing has to run, what has not failed is expected to start.
        let isReady = minimum == 0
        return desired > 0 || !isReady
            ? Condition(
                .ready, isTrue: isReady, reason: "Starting", message: "A replica is being started.", since: 0)
            : Condition(
                .ready, isTrue: true, reason: "ScaledToZero", message: "The next invocation starts a replica.", since: 0
            )
    }
}

extension FunctionStatus {
    /// What has newly become true, and what no longer is, as events for people.
    func news(since before: FunctionStatus, of function: FunctionName, at now: Double) -> [Event] {
        // The store tells of what it refuses.
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
