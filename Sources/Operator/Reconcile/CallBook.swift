import F2SModel

/// Which calls to the platform are under way, and which must wait after a failure. One call per function and kind at a
/// time, so that calls of one function never overtake each other and a slow one delays nobody else.
struct CallBook: Sendable {
    /// What a call is about.
    enum Subject: Sendable, Hashable {
        /// A function's replicas: apply and remove.
        case replicas(Function.ID)
        /// A function's status.
        case status(Function.ID)
    }

    /// Calls at once.
    static let callsMax = 32
    /// Of these, kept free for functions that somebody waits for.
    static let callsReserved = 8
    /// Longest wait after failures in a row.
    static let waitMax = Duration.seconds(30)

    private var busy: Set<Subject> = []
    private var failures: [Subject: (count: Int, retryAt: Duration)] = [:]

    /// Whether a call may begin now; it then has.
    mutating func begin(_ subject: Subject, isUrgent: Bool = false, at now: Duration) -> Bool {
        guard hasRoom(isUrgent: isUrgent), !busy.contains(subject),
            failures[subject].map({ $0.retryAt <= now }) ?? true
        else { return false }
        busy.insert(subject)
        return true
    }

    /// Whether there is room for one more call.
    func hasRoom(isUrgent: Bool) -> Bool {
        busy.count < (isUrgent ? Self.callsMax : Self.callsMax - Self.callsReserved)
    }

    /// Whether a call is under way.
    func isBusy(_ subject: Subject) -> Bool { busy.contains(subject) }

    /// A call has ended.
    /// - Returns: whether this is news: the first failure in a row, or the first success after one.
    mutating func end(_ subject: Subject, isSuccess: Bool, at now: Duration) -> Bool {
        busy.remove(subject)
        if isSuccess { return failures.removeValue(forKey: subject) != nil }
        let count = (failures[subject]?.count ?? 0) + 1
        let wait = min(Duration.seconds(1 << min(count - 1, 10)), Self.waitMax)
        failures[subject] = (count, now + wait)
        return count == 1
    }

    /// A function that is gone for good leaves nothing behind.
    mutating func forget(_ id: Function.ID) {
        failures.removeValue(forKey: .replicas(id))
        failures.removeValue(forKey: .status(id))
    }
}
