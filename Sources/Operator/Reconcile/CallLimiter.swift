import F2SModel

/// Tracks the calls to the platform that are in flight, and those that must wait after a failure. It allows one call
/// per function and kind at a time. Calls of one function therefore never overtake each other, and a slow one delays no
/// other function.
struct CallLimiter: Sendable {
    /// The subject of a call.
    enum Subject: Sendable, Hashable {
        /// A function's replicas: apply, replace and remove.
        case replicas(Function.ID)
        /// A function's status.
        case status(Function.ID)
    }

    /// The maximum number of calls in flight.
    static let callsMax = 32
    /// The part of ``callsMax`` that is reserved for functions with waiting invocations.
    static let callsReserved = 8
    private static let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))

    private var busy: Set<Subject> = []
    private var failures: [Subject: (count: Int, retryAt: Duration)] = [:]

    /// Begins a call if it may begin now.
    /// - Returns: True if the call has begun.
    mutating func begin(_ subject: Subject, isUrgent: Bool = false, at now: Duration) -> Bool {
        guard hasCapacity(isUrgent: isUrgent), !busy.contains(subject),
            failures[subject].map({ $0.retryAt <= now }) ?? true
        else { return false }
        busy.insert(subject)
        return true
    }

    /// Returns true if there is capacity for one more call.
    func hasCapacity(isUrgent: Bool) -> Bool {
        busy.count < (isUrgent ? Self.callsMax : Self.callsMax - Self.callsReserved)
    }

    /// Returns true if a call is in flight.
    func isBusy(_ subject: Subject) -> Bool { busy.contains(subject) }

    /// Records that a call has ended.
    /// - Returns: True if this is a change: the first failure in a row, or the first success after one.
    mutating func end(_ subject: Subject, isSuccess: Bool, at now: Duration) -> Bool {
        busy.remove(subject)
        if isSuccess { return failures.removeValue(forKey: subject) != nil }
        let count = (failures[subject]?.count ?? 0) + 1
        failures[subject] = (count, now + Self.backoff.pause(after: count))
        return count == 1
    }

    /// Forgets the failures of a function that is gone for good.
    mutating func forget(_ id: Function.ID) {
        failures.removeValue(forKey: .replicas(id))
        failures.removeValue(forKey: .status(id))
    }
}
