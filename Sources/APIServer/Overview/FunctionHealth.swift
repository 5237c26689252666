import F2SModel

/// The state of a function in one word, its reason, and its replicas.
struct FunctionHealth: Sendable, Hashable {
    /// The state of a function, the most urgent first.
    enum State: String, Sendable, Hashable, CaseIterable, Encodable {
        /// Something has failed that a person should look at.
        case attention
        /// The first replica is being started.
        case starting
        /// At least one replica accepts invocations.
        case ready
        /// There are no replicas, and none is needed.
        case idle
    }

    /// The conditions that are failures while they hold.
    private static let failures: [Condition.Kind] = [
        .routeConflict, .refused, .rolloutFailed, .startFailed, .noCommand,
    ]
    /// The reasons for which a function is not ready although nothing has failed.
    private static let progress = ["Starting", "RollingOut"]

    let state: State
    /// One word: the type of the failure condition, or the reason of the condition Ready.
    let reason: String
    /// The failure, or the start or rollout in progress; empty if there is none.
    let message: String
    /// The number of replicas that accept invocations.
    let ready: Int
    /// The number of replicas that exist and do not accept invocations yet.
    let starting: Int

    /// - Parameter routeHolder: The older function that holds the same route; `nil` if there is none.
    init(of function: Function, _ entry: ReplicaSnapshot.Entry, routeHolder: FunctionName?) {
        let existing = entry.replicas.count { $0.state == .starting || $0.state == .ready }
        // The status also counts replicas that the platform does not report as ready yet, and may be a little older.
        ready = max(entry.replicas.count { $0.state == .ready }, min(function.status.readyReplicas, existing))
        starting = existing - ready
        let conditions = function.status.conditions
        let readiness = conditions.first { $0.kind == .ready }
        let progressing = conditions.first { $0.kind == .progressing && $0.isTrue }
        if let failure = Self.failure(of: function, readiness, routeHolder) {
            state = .attention
            reason = failure.kind == .ready ? failure.reason : failure.kind.rawValue
            message = failure.message
            return
        }
        reason = readiness?.reason ?? "Unknown"
        if ready > 0 {
            state = .ready
            message = progressing?.message ?? ""
        } else if starting > 0 || progressing != nil {
            state = .starting
            message = progressing?.message ?? readiness?.message ?? ""
        } else {
            state = .idle
            message = ""
        }
    }

    private static func failure(
        of function: Function, _ readiness: Condition?, _ routeHolder: FunctionName?
    ) -> Condition? {
        let conditions = function.status.conditions
        if let failure = conditions.first(where: { $0.isTrue && failures.contains($0.kind) }) { return failure }
        // The operator writes this condition soon after the declaration.
        if let routeHolder { return .routeConflict(with: routeHolder, route: function.route) }
        guard let readiness, !readiness.isTrue, !progress.contains(readiness.reason) else { return nil }
        return readiness
    }
}
