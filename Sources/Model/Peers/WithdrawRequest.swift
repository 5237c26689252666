/// What one F2S process asks another of: to take replicas out of use, and to answer when it has nothing in hand on
/// them.
public struct WithdrawRequest: Sendable, Hashable, Codable {
    /// The replicas.
    public var replicas: [Replica.ID]
    /// How long to wait at most; 0…``millisecondsMax``.
    public var milliseconds: Int

    /// The longest wait that may be asked for.
    public static let millisecondsMax = 60_000

    /// A request.
    public init(replicas: [Replica.ID], milliseconds: Int) {
        self.replicas = replicas
        self.milliseconds = milliseconds
    }
}
