import F2SModel

/// Whether a function that was just applied is ready: `apply --wait` decides by this.
public enum Readiness: Sendable, Hashable {
    /// It answers, in the generation that was asked about.
    case ready
    /// Not yet; the reason is for the message when time is over.
    case pending(reason: String)
    /// It will not be before somebody changes something.
    case failed(reason: String)

    /// Decides.
    /// - Parameter generation: what was applied; an older observation says nothing about it.
    public init(of function: FunctionRecord, generation: Int) {
        guard let status = function.status, (status.observedGeneration ?? 0) >= generation else {
            self = .pending(reason: "F2S has not looked at generation \(generation) yet.")
            return
        }
        let failed = Self.finalConditions.compactMap { function.condition($0.rawValue) }.first { $0.isTrue }
        let ready = function.condition(Condition.Kind.ready.rawValue)
        if let failed {
            self = .failed(reason: failed.words)
        } else if ready?.isTrue == true, (status.readyReplicas ?? 0) >= (function.target.minReplicas ?? 0) {
            // The condition holds as soon as an invocation would be answered, which may mean: once a replica has
            // started. A minimum above zero is a promise that they have.
            self = .ready
        } else {
            self = .pending(reason: ready.map(\.words) ?? "It has no condition Ready.")
        }
    }

    /// Conditions that time alone does not heal.
    private static let finalConditions: [Condition.Kind] = [.noCommand, .routeConflict, .rolloutFailed, .startFailed]
}
