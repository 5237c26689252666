import F2SModel

/// A request from one F2S process to another to cordon replicas, and to respond when none of its invocations is in
/// flight on them.
struct CordonRequest: Sendable, Hashable, Codable {
    /// The replicas.
    var replicas: [Replica.ID]
    /// The longest time to wait, in milliseconds; 0…``millisecondsMax``.
    var milliseconds: Int

    /// The longest wait that may be requested, in milliseconds.
    static let millisecondsMax = 60_000
}
