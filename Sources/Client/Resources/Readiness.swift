import F2SModel

/// What `apply --wait` waits for.
public enum WaitGoal: String, Sendable, Hashable, CaseIterable {
    /// Replicas of what was applied take invocations: as many as `minReplicas`, and at least one, which is started for
    /// it.
    case ready
    /// F2S has looked at what was applied, and an invocation would be answered as far as is known.
    case declared
}

/// Whether a function that was just applied is ready: `apply --wait` decides by this.
public enum Readiness: Sendable, Hashable {
    /// It is, in the generation that was asked about.
    case ready
    /// Not yet; the reason is for the message when time is over.
    case pending(reason: String)
    /// Not yet, and nothing keeps a replica running unless one is asked for.
    case needsStart(reason: String)
    /// It will not be before somebody changes something.
    case failed(reason: String)

    /// Decides.
    /// - Parameter generation: what was applied; an older observation says nothing about it.
    public init(of function: FunctionRecord, generation: Int, goal: WaitGoal) {
        guard let status = function.status, (status.observedGeneration ?? 0) >= generation else {
            self = .pending(reason: "F2S has not looked at generation \(generation) yet.")
            return
        }
        if let failed = Self.finalConditions.compactMap({ function.condition($0.rawValue) }).first(where: \.isTrue) {
            self = .failed(reason: failed.words)
            return
        }
        let ready = function.condition(Condition.Kind.ready.rawValue)
        let minimum = function.target.minReplicas ?? 0
        let wanted = goal == .ready ? max(minimum, 1) : minimum
        // Replicas of an older revision take invocations during a rollout, and say nothing about the newer one.
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

    /// Conditions that time alone does not heal.
    private static let finalConditions: [Condition.Kind] = [
        .noCommand, .refused, .routeConflict, .rolloutFailed, .startFailed,
    ]
}
