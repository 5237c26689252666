/// What the platform's hooks and the other F2S processes ask of this one, on its internal listener.
public protocol PeerDesk: Sendable {
    /// Returns when no replica of the function that the platform is stopping takes invocations or has any in hand, in
    /// any F2S process: from then on it may be stopped.
    /// - Parameter limit: how long to wait at most.
    /// - Throws: ``DrainError``; the platform then stops it after its own time.
    func drain(_ function: Function.ID, within limit: Duration) async throws

    /// Takes replicas out of use in this process and returns when nothing is in flight on them here.
    /// - Throws: ``DrainError``.
    func withdraw(_ replicas: [Replica.ID], within limit: Duration) async throws

    /// Takes note of what another process has in hand.
    func take(_ report: PeerReport)

    /// Why functions run as they do, if this process leads.
    func leaderView(of function: Function.ID?) -> LeaderView

    /// The events after that number which this process remembers, oldest first.
    func currentEvents(after sequence: UInt64) -> [Event]
}

/// Why a replica cannot be said to be drained.
public enum DrainError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It still has work in hand; worth a retry.
    case tooSlow(inFlight: Int)
    /// The platform, or another process, could not be asked; worth a retry.
    case unconfirmed(String)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .tooSlow(let inFlight):
            "\(inFlight) invocation\(inFlight == 1 ? " is" : "s are") still in flight. Raise target.timeout if they "
                + "need longer."
        case .unconfirmed(let reason): "Not everybody has confirmed that the replica is out of use: \(reason)"
        }
    }
}
