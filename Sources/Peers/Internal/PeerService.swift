import F2SModel

/// The service that this process offers on its internal listener to the platform's hooks and to the other F2S
/// processes.
protocol PeerService: Sendable {
    /// Drains the replicas of a function that the platform is stopping. Returns when none of them accepts invocations
    /// or has any in flight, in any F2S process. From then on the platform may stop them.
    /// - Parameter limit: the longest time to wait.
    /// - Throws: ``DrainError``. The platform then stops the replica after its own timeout.
    func drain(_ function: Function.ID, within limit: Duration) async throws

    /// Cordons replicas in this process and returns when nothing is in flight on them here.
    /// - Throws: ``DrainError``.
    func cordon(_ replicas: [Replica.ID], within limit: Duration) async throws

    /// Receives a report of another process.
    func receive(_ report: PeerReport)

    /// Returns the explanations of functions if this process is the leader.
    func leaderView(of function: Function.ID?) async -> LeaderView

    /// Returns the events after `sequence` that this process still has, oldest first.
    func currentEvents(after sequence: UInt64) -> [Event]
}
