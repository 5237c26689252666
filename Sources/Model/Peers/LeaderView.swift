/// The state that only the leader has and sends to the other processes.
public struct LeaderView: Sendable, Hashable, Codable {
    /// True if the process that responds is the leader. Other processes have no explanations.
    public var isLeader: Bool
    /// The leader's newest decision for each function.
    public var explanations: [Function.ID: ScaleExplanation]

    /// Creates a view.
    public init(isLeader: Bool, explanations: [Function.ID: ScaleExplanation]) {
        self.isLeader = isLeader
        self.explanations = explanations
    }

    /// A request for explanations.
    public struct Question: Sendable, Hashable, Codable {
        /// The function; `nil` requests all.
        public var function: Function.ID?

        /// Creates a request.
        public init(function: Function.ID?) { self.function = function }
    }
}

/// A request from one F2S process to another for events.
public struct EventQuestion: Sendable, Hashable, Codable {
    /// The ``Event/sequence`` of the newest event that the requesting process has.
    public var after: UInt64

    /// Creates a request.
    public init(after: UInt64) { self.after = after }
}
