import F2SModel

/// Which hooks of a function wait for one and the same list of its replicas that end. A value without I/O and clock.
///
/// A list that was taken before a hook came may not know the hook's replica. So whoever comes while one is being taken
/// waits for the next, together with everybody else who does: at most one list of a function is under way, and one
/// waits.
struct DrainRounds: Sendable {
    /// One list, what follows from it, and how that has ended.
    final class Round: Sendable {
        /// `nil` until it is over.
        let outcome = Latest<Result<Void, DrainError>?>(nil)
    }

    /// A round that may begin.
    struct Start: Sendable {
        let function: Function.ID
        let round: Round
        /// When the one who waits longest gives up.
        let end: Duration
    }

    private var waiting: [Function.ID: Start] = [:]
    private var listing: Set<Function.ID> = []

    /// The round that a hook which comes now waits for.
    mutating func join(_ function: Function.ID, until end: Duration) -> Round {
        let known = waiting[function]
        let round = known?.round ?? Round()
        waiting[function] = Start(function: function, round: round, end: max(end, known?.end ?? end))
        return round
    }

    /// The rounds that begin now, with a list; each must be told of by ``listed(_:)``.
    mutating func begin() -> [Start] {
        let starts = waiting.values.filter { !listing.contains($0.function) }
        for start in starts {
            waiting[start.function] = nil
            listing.insert(start.function)
        }
        return starts
    }

    /// A list has been taken, or has failed.
    mutating func listed(_ function: Function.ID) { listing.remove(function) }
}
