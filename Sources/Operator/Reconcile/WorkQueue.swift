import F2SModel

/// The functions that the next pass looks at, and those for which a call is due. A function is in each queue at most
/// once, however often it is added. All others are settled: looking at them would change nothing.
struct WorkQueue: Sendable, Equatable {
    /// Functions of which something has changed: the next pass looks at them.
    private(set) var changed: Set<Function.ID> = []
    /// Functions that run, or wait for something: a pass looks at them as time goes by.
    private(set) var active: Set<Function.ID> = []
    /// Functions for which a call is due that a waiting invocation depends on.
    private var urgent = KeyQueue()
    /// The other functions for which a call to the platform is due.
    private var ordinary = KeyQueue()
    /// Functions whose status is to be written.
    private var statuses = KeyQueue()
    /// Functions whose call must wait after a failure.
    private var delayed: Set<Function.ID> = []
    /// Functions whose status must wait after a failure.
    private var delayedStatuses: Set<Function.ID> = []

    /// Adds functions of which something has changed.
    mutating func add(_ ids: some Sequence<Function.ID>) { changed.formUnion(ids) }

    /// Adds a function of which something has changed.
    mutating func add(_ id: Function.ID) { changed.insert(id) }

    /// Takes out the functions to look at.
    /// - Parameters:
    ///   - isTick: true: the functions too that only time changes, and calls that wait after a failure.
    ///   - reported: the functions whose load is known, if not all.
    mutating func take(isTick: Bool, of reported: Set<Function.ID>? = nil) -> Set<Function.ID> {
        let changed = reported.map(self.changed.intersection) ?? self.changed
        self.changed.subtract(changed)
        if isTick {
            for id in delayed { addDue(id, isUrgent: false) }
            for id in delayedStatuses { statuses.add(id) }
            (delayed, delayedStatuses) = ([], [])
        }
        return isTick ? changed.union(active) : changed
    }

    /// A function was looked at.
    mutating func note(_ id: Function.ID, isSettled: Bool) {
        if isSettled { active.remove(id) } else { active.insert(id) }
    }

    /// A function is not declared any more.
    mutating func forget(_ id: Function.ID) {
        changed.remove(id)
        active.remove(id)
        delayed.remove(id)
        delayedStatuses.remove(id)
    }

    /// Adds a function for which a call is due.
    mutating func addDue(_ id: Function.ID, isUrgent: Bool) {
        if isUrgent {
            ordinary.remove(id)
            urgent.add(id)
        } else if !urgent.contains(id) {
            ordinary.add(id)
        }
    }

    /// Adds a function whose status is to be written.
    mutating func addStatusDue(_ id: Function.ID) { statuses.add(id) }

    /// Takes out the function for which a call has been due for the longest time.
    mutating func nextDue(isUrgent: Bool) -> Function.ID? { isUrgent ? urgent.next() : ordinary.next() }

    /// Takes out the function whose status has been due for the longest time.
    mutating func nextStatusDue() -> Function.ID? { statuses.next() }

    /// Adds a function for which a call is due again at the next tick.
    mutating func delay(_ id: Function.ID) { delayed.insert(id) }

    /// Adds a function whose status is due again at the next tick.
    mutating func delayStatus(_ id: Function.ID) { delayedStatuses.insert(id) }
}

/// Keys in the order in which they were added, each once.
private struct KeyQueue: Sendable, Equatable {
    private var members: Set<Function.ID> = []
    /// Keys that are no members any more are passed over.
    private var order: [Function.ID] = []
    private var first = 0

    func contains(_ id: Function.ID) -> Bool { members.contains(id) }

    mutating func add(_ id: Function.ID) {
        if members.insert(id).inserted { order.append(id) }
    }

    mutating func remove(_ id: Function.ID) { members.remove(id) }

    mutating func next() -> Function.ID? {
        while first < order.count {
            let id = order[first]
            first += 1
            guard members.remove(id) != nil else { continue }
            if first > order.count / 2 {
                order.removeFirst(first)
                first = 0
            }
            return id
        }
        (order, first) = ([], 0)
        return nil
    }
}
