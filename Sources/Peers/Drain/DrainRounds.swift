import F2SModel

/// Groups the hooks of a function that wait for the same list of replicas that are being stopped. A value without I/O
/// and clock.
///
/// A list that was requested before a hook arrived may not contain the hook's replica. A hook that arrives while a list
/// is being fetched therefore waits for the next list, together with all hooks that arrive until then. At most one list
/// per function is being fetched, and at most one round waits.
struct DrainRounds: Sendable {
    /// One list of replicas, the drain that follows, and its outcome.
    final class Round: Sendable {
        /// The outcome of the round; `nil` until it ends.
        let outcome = Latest<Result<Void, DrainError>?>(nil)
    }

    /// A round that may begin.
    struct Start: Sendable {
        let function: Function.ID
        let round: Round
        /// The time at which the last of the waiting hooks gives up.
        let end: Duration
    }

    private var waiting: [Function.ID: Start] = [:]
    private var listing: Set<Function.ID> = []

    /// Returns the round that a new hook waits for.
    mutating func join(_ function: Function.ID, until end: Duration) -> Round {
        let known = waiting[function]
        let round = known?.round ?? Round()
        waiting[function] = Start(function: function, round: round, end: max(end, known?.end ?? end))
        return round
    }

    /// Returns the rounds that begin now by fetching a list. The end of each fetch must be reported with
    /// ``listed(_:)``.
    mutating func begin() -> [Start] {
        let starts = waiting.values.filter { !listing.contains($0.function) }
        for start in starts {
            waiting[start.function] = nil
            listing.insert(start.function)
        }
        return starts
    }

    /// Records that a list was fetched or that fetching it has failed.
    mutating func listed(_ function: Function.ID) { listing.remove(function) }
}
