import F2SModel

/// A request from one F2S process to another for events.
struct EventQuestion: Sendable, Hashable, Codable {
    /// The ``Event/sequence`` of the newest event that the requesting process has.
    var after: UInt64
}
