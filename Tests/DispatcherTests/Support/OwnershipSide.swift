import F2SDispatcher
import F2SModel

/// A minimal model of the control plane's transfer of slot ownership for one function, seen from one of two processes.
/// A new owner grants slots only after the other process has reported that it grants none. A former owner reports this
/// only once it has no request in flight or queued.
struct OwnershipSide {
    /// A report from one process to the other.
    struct Report {
        var sequence: UInt64 = 0
        var holds = true
        /// The sequence number of the latest report that the sender has received.
        var seen: UInt64 = 0
    }

    let bed: Testbed
    private(set) var isHeld = true
    /// True if this process considers itself the owner. The other process may disagree.
    private var isOwner = false
    private var claim: UInt64 = 0
    private var sequence: UInt64 = 0
    private var newest = Report()
    private var applied: Ownership?

    init(_ bed: Testbed) { self.bed = bed }

    mutating func take(_ report: Report) { newest = report }

    /// Applies the current view of the ownership.
    /// - Returns: The report to send to the other process.
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
        let ownership = Ownership(elsewhere: isOwner ? [:] : [id: other.internalAddress], withheld: isHeld ? [id] : [])
        if ownership != applied { bed.dispatcher.apply(ownership) }
        applied = ownership
        // `hasWork` is read after the change of ownership has been applied, so it includes all slots granted before.
        return Report(sequence: sequence, holds: isOwner || !isHeld || hasWork, seen: newest.sequence)
    }

    private var hasWork: Bool {
        let load = bed.load()
        return load.inFlight > 0 || load.queued > 0
    }
}
