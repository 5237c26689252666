import F2SModel

/// The facts from which a function's status is made. Equal facts yield an equal status, so a tick without changes costs
/// one comparison.
struct StatusInputs: Sendable, Hashable {
    /// `Function.generation`.
    var generation: Int
    /// `Function.route`.
    var route: Route
    /// The number of replicas that exist.
    var replicas: Int
    /// The number of replicas that accept invocations.
    var ready: Int
    /// The number of replicas of the declared revision that exist and are not stopping.
    var updated = 0
    /// The number of ``updated`` replicas that accept invocations.
    var updatedReady = 0
    /// The number of existing replicas of older revisions, including those that are draining or being stopped.
    var older = 0
    /// The desired number of replicas.
    var desired: Int
    /// `target.minReplicas`.
    var minimum = 0
    /// True if an older revision serves because the newest one does not start.
    var isRolloutStuck: Bool
    /// The reason that no replica starts, as the platform reports it.
    @BoxedIfPresent var startFailure: Failure?
    /// The reason that a replica which accepted invocations has ended and is being restarted.
    @BoxedIfPresent var restart: Failure?
    /// The name of the older function with the same route.
    var routeHolder: FunctionName?
    /// The condition that the store has set because the newest declaration is rejected; an older one is served.
    @BoxedIfPresent var rejection: Condition?
    /// True if the platform forgets a failure once no replica exists. The status then keeps the failure until the
    /// declaration changes or a replica of it accepts invocations.
    var keepsFailures = false

    /// The part of a ``StartFailure`` that the status shows. A change of its counters alone does not change the status.
    struct Failure: Sendable, Hashable {
        let reason: String
        let message: String

        init(_ startFailure: StartFailure) {
            reason = startFailure.reason
            message = startFailure.message
        }

        /// True if the failure is the Local platform's error for an image without a command.
        var isNoCommand: Bool { reason == "NoCommand" }
    }

    /// Returns the status.
    /// - Parameters:
    ///   - before: The previous status. A condition that still holds keeps its time.
    ///   - now: The time of day, in seconds since 1970.
    func status(after before: FunctionStatus, at now: Double) -> FunctionStatus {
        FunctionStatus(
            observedGeneration: generation, replicas: replicas, updatedReplicas: updated, readyReplicas: ready,
            updatedReadyReplicas: updatedReady, desiredReplicas: desired, url: "/invoke" + route.path,
            conditions: conditions(after: before).map { condition in
                // A remembered condition, or one that the store has set, already has its time.
                guard condition.since == 0 else { return condition }
                var condition = condition
                let known = before.conditions.first { $0.kind == condition.kind }
                condition.since = known?.isTrue == condition.isTrue ? known?.since ?? 0 : Int64(now)
                return condition
            })
    }

    private func conditions(after before: FunctionStatus) -> [Condition] {
        let obstacles = [routeConflict, rejection, failure(after: before)].compactMap(\.self)
        let others = obstacles + (obstacles.isEmpty ? [progress].compactMap(\.self) : [])
        return [readiness(obstacles)] + others
    }

    private var routeConflict: Condition? {
        routeHolder.map { .routeConflict(with: $0, route: route) }
    }

    /// Returns the failure because of which the declared revision does not run, if any.
    private func failure(after before: FunctionStatus) -> Condition? {
        guard updatedReady == 0 else { return nil }
        guard let startFailure else { return remembered(before) }
        if startFailure.isNoCommand {
            return Condition(
                .noCommand, isTrue: true, reason: startFailure.reason, message: startFailure.message, since: 0)
        }
        if isRolloutStuck {
            return Condition(
                .rolloutFailed, isTrue: true, reason: startFailure.reason,
                message: "The newest revision does not start; the one before it still serves. \(startFailure.message)",
                since: 0)
        }
        guard ready == 0 else { return nil }
        return Condition(
            .startFailed, isTrue: true, reason: startFailure.reason, message: startFailure.message, since: 0)
    }

    /// Returns a failure that nothing has disproved. A function that cannot start does not become able to start because
    /// it is not invoked.
    private func remembered(_ before: FunctionStatus) -> Condition? {
        guard keepsFailures, before.observedGeneration == generation else { return nil }
        let failed: [Condition.Kind] = [.startFailed, .rolloutFailed]
        guard var failure = before.conditions.first(where: { failed.contains($0.kind) && $0.isTrue }) else {
            return nil
        }
        failure.kind = ready > 0 ? .rolloutFailed : .startFailed
        return failure
    }

    /// The condition of a rollout or a start in progress, if any.
    private var progress: Condition? {
        if older > 0, desired > 0 {
            let message =
                "\(updatedReady) of \(desired) replicas of the newest revision accept invocations; \(older) older "
                + "still exist\(older == 1 ? "s" : "")."
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
            let message = "\(updatedReady) replica\(updatedReady == 1 ? " accepts" : "s accept") invocations."
            return Condition(.ready, isTrue: true, reason: "ReplicasReady", message: message, since: 0)
        }
        if ready > 0 {
            return Condition(
                .ready, isTrue: false, reason: "RollingOut",
                message: "No replica of the newest revision accepts invocations yet; the one before it still serves.",
                since: 0)
        }
        if let restart, desired > 0 {
            return Condition(.ready, isTrue: false, reason: restart.reason, message: restart.message, since: 0)
        }
        // If no replica has to run, a function that has not failed is expected to start.
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
    /// Returns events for the conditions that have become true and for those that no longer are.
    func events(since before: FunctionStatus, of function: FunctionName, at now: Double) -> [Event] {
        // The store itself emits the events about the declarations that it rejects.
        let startFailures: [Condition.Kind] = [.routeConflict, .rolloutFailed, .startFailed, .noCommand]
        return startFailures.flatMap { kind -> [Event] in
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
                        message: "\(function): \(kind.rawValue) is resolved.")
                ]
            }
            return []
        }
    }
}
