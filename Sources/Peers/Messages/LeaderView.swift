import F2SModel

/// The state that only the leader has and sends to the other processes.
struct LeaderView: Sendable, Hashable, Codable {
    /// True if the process that responds is the leader. Other processes have no explanations.
    var isLeader: Bool
    /// The leader's newest decision for each function.
    var explanations: [Function.ID: ScaleExplanation]

    /// A request for explanations.
    struct Question: Sendable, Hashable, Codable {
        /// The function; `nil` requests all.
        var function: Function.ID?
    }
}
