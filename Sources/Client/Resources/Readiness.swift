import F2SModel

/// The state that `apply --wait` waits for.
public enum WaitGoal: String, Sendable, Hashable, CaseIterable {
    /// Replicas of the applied revision are ready: `minReplicas` of them, and at least one, which F2S starts if needed.
    case ready
    /// The operator has observed the applied generation, and no condition says that invocations would fail.
    case declared
}

/// The readiness of an applied function, by which `apply --wait` decides.
public enum Readiness: Sendable, Hashable {
    /// The function is ready in the given generation.
    case ready
    /// The function is not ready yet. The reason is for the message after a timeout.
    case pending(reason: String)
    /// The function is not ready yet, and no replica starts unless one is requested.
    case needsStart(reason: String)
    /// The function cannot become ready until a person changes something.
    case failed(reason: String)

    /// Derives the readiness from the status of a function.
    /// - Parameter generation: The applied generation. An older observation is ignored.
    public init(of function: FunctionRecord, generation: Int, goal: WaitGoal) {
        guard let status = function.status, (status.observedGeneration ?? 0) >= generation else {
            self = .pending(reason: "F2S has not observed generation \(generation) yet.")
            return
        }
        if let failed = Self.finalConditions.compactMap({ function.condition($0.rawValue) }).first(where: \.isTrue) {
            self = .failed(reason: failed.words)
            return
        }
        let ready = function.condition(Condition.Kind.ready.rawValue)
        let minimum = function.target.minReplicas ?? 0
        let wanted = goal == .ready ? max(minimum, 1) : minimum
        // During a rollout, replicas of an older revision are ready too. They do not prove that the newer one works.
        let updated = status.updatedReadyReplicas ?? status.readyReplicas ?? 0
        let reason =
            "\(updated) of \(wanted) replicas of the newest revision are ready. "
            + (ready?.words ?? "It has no condition Ready.")
        if updated >= wanted, ready?.isTrue == true {
            self = .ready
        } else if minimum == 0, updated == 0, goal == .ready {
            self = .needsStart(reason: reason)
        } else {
            self = .pending(reason: reason)
        }
    }

    /// The conditions that do not end without a change by a person.
    private static let finalConditions: [Condition.Kind] = [
        .noCommand, .refused, .routeConflict, .rolloutFailed, .startFailed,
    ]
}
