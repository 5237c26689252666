import F2SDispatcher
import F2SModel

/// What one process's control plane does about one function's slots, in the plainest way: it asks the other one before
/// it grants any, and says that it does not grant them only once it has nothing in hand.
struct SeatSide {
    /// What one process tells the other.
    struct Report {
        var sequence: UInt64 = 0
        var holds = true
        /// The newest report of the other one that it has taken.
        var seen: UInt64 = 0
    }

    let bed: Testbed
    private(set) var isHeld = true
    /// Whether it takes itself for the owner; the other one may see that otherwise.
    private var isOwner = false
    private var claim: UInt64 = 0
    private var sequence: UInt64 = 0
    private var newest = Report()
    private var applied: Ownership?

    init(_ bed: Testbed) { self.bed = bed }

    mutating func take(_ report: Report) { newest = report }

    /// - Returns: what the other one is told now.
    mutating func step(isOwner: Bool, other: Testbed) -> Report {
        sequence += 1
        if isOwner, !self.isOwner { claim = sequence }
        self.isOwner = isOwner
        if isOwner {
            if isHeld, !newest.holds, newest.seen >= claim { isHeld = false }
        } else if !isHeld {
            isHeld = !hasWork
        }
        let id = Function.ID("hello")
        let ownership = Ownership(elsewhere: isOwner ? [:] : [id: other.internalAddress], held: isHeld ? [id] : [])
        if ownership != applied { bed.dispatcher.apply(ownership) }
        applied = ownership
        // Looked at once slots are granted no more: what has been granted before is seen.
        return Report(sequence: sequence, holds: isOwner || !isHeld || hasWork, seen: newest.sequence)
    }

    private var hasWork: Bool {
        let load = bed.load()
        return load.inFlight > 0 || load.queued > 0
    }
}
