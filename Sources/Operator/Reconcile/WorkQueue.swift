import F2SModel

/// The functions that the next pass reconciles, and the functions with a call due. Each queue contains a function at
/// most once, however often it is added. All other functions are reconciled: a pass would change nothing.
struct WorkQueue: Sendable, Equatable {
    /// Functions with a change. The next pass reconciles them.
    private(set) var changed: Set<Function.ID> = []
    /// Functions that run or wait for something. Every tick reconciles them.
    private(set) var active: Set<Function.ID> = []
    /// Functions with a call due that a waiting invocation depends on.
    private var urgent = KeyQueue()
    /// The other functions with a call to the platform due.
    private var ordinary = KeyQueue()
    /// Functions whose status must be written.
    private var statuses = KeyQueue()
    /// Functions whose call is delayed after a failure.
    private var delayed: Set<Function.ID> = []
    /// Functions whose status is delayed after a failure.
    private var delayedStatuses: Set<Function.ID> = []

    /// Adds functions with a change.
    mutating func add(_ ids: some Sequence<Function.ID>) { changed.formUnion(ids) }

    /// Adds a function with a change.
    mutating func add(_ id: Function.ID) { changed.insert(id) }

    /// Removes and returns the functions to reconcile.
    /// - Parameters:
    ///   - isTick: True to include the active functions, and to make the delayed calls due again.
    ///   - reported: The functions whose load is known; `nil` for all.
    mutating func popChanged(isTick: Bool, of reported: Set<Function.ID>? = nil) -> Set<Function.ID> {
        let changed = reported.map(self.changed.intersection) ?? self.changed
        self.changed.subtract(changed)
        if isTick {
            for id in delayed { addDue(id, isUrgent: false) }
            for id in delayedStatuses { statuses.add(id) }
            (delayed, delayedStatuses) = ([], [])
        }
        return isTick ? changed.union(active) : changed
    }

    /// Records that a function was reconciled by a pass.
    mutating func note(_ id: Function.ID, isReconciled: Bool) {
        if isReconciled { active.remove(id) } else { active.insert(id) }
    }

    /// Removes a function that is no longer declared.
    mutating func forget(_ id: Function.ID) {
        changed.remove(id)
        active.remove(id)
        delayed.remove(id)
        delayedStatuses.remove(id)
    }

    /// Adds a function with a call due.
    mutating func addDue(_ id: Function.ID, isUrgent: Bool) {
        if isUrgent {
            ordinary.remove(id)
            urgent.add(id)
        } else if !urgent.contains(id) {
            ordinary.add(id)
        }
    }

    /// Adds a function whose status must be written.
    mutating func addStatusDue(_ id: Function.ID) { statuses.add(id) }

    /// Removes and returns the function whose call has been due for the longest time.
    mutating func nextDue(isUrgent: Bool) -> Function.ID? { isUrgent ? urgent.next() : ordinary.next() }

    /// Removes and returns the function whose status has been due for the longest time.
    mutating func nextStatusDue() -> Function.ID? { statuses.next() }

    /// Makes a call due again at the next tick.
    mutating func delay(_ id: Function.ID) { delayed.insert(id) }

    /// Makes a status due again at the next tick.
    mutating func delayStatus(_ id: Function.ID) { delayedStatuses.insert(id) }
}

/// Keys in the order in which they were added, each at most once.
private struct KeyQueue: Sendable, Equatable {
    private var members: Set<Function.ID> = []
    /// The keys in order. Keys that are no longer members are skipped.
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
