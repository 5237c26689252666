public import F2SModel
import Synchronization

/// An election whose result a test sets.
public final class StubElection: LeaderElection {
    private let leads: Mutex<Bool>

    /// Creates an election with a first result.
    public init(_ leads: Bool) { self.leads = Mutex(leads) }

    /// The result.
    public var isLeader: Bool { leads.withLock { $0 } }
    /// Sets the result.
    public func set(_ isLeader: Bool) { leads.withLock { $0 = isLeader } }
}
