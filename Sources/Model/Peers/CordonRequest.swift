/// A request from one F2S process to another to cordon replicas, and to respond when none of its invocations is in
/// flight on them.
public struct CordonRequest: Sendable, Hashable, Codable {
    /// The replicas.
    public var replicas: [Replica.ID]
    /// The longest time to wait, in milliseconds; 0…``millisecondsMax``.
    public var milliseconds: Int

    /// The longest wait that may be requested, in milliseconds.
    public static let millisecondsMax = 60_000

    /// Creates a request.
    public init(replicas: [Replica.ID], milliseconds: Int) {
        self.replicas = replicas
        self.milliseconds = milliseconds
    }
}
