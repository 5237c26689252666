/// The operator's part of a drain that a hook of the platform or another F2S process requests.
public protocol ReplicaCordoning: Sendable {
    /// Returns true if the function may have replicas, as far as this process knows.
    func mayRun(_ id: Function.ID) -> Bool

    /// Cordons replicas at once, for as long as they exist. When this method returns, the dispatcher has applied the
    /// change.
    func cordon(_ ids: [Replica.ID])
}
