/// What only the process that reconciles and scales knows, as it tells the others.
public struct LeaderView: Sendable, Hashable, Codable {
    /// Whether the process that answers leads. One that does not knows nothing.
    public var isLeader: Bool
    /// Its newest decision of each function.
    public var explanations: [Function.ID: ScaleExplanation]

    /// A view.
    public init(isLeader: Bool, explanations: [Function.ID: ScaleExplanation]) {
        self.isLeader = isLeader
        self.explanations = explanations
    }

    /// Which functions are asked about.
    public struct Question: Sendable, Hashable, Codable {
        /// The function; `nil`: all of them.
        public var function: Function.ID?

        /// A question.
        public init(function: Function.ID?) { self.function = function }
    }
}

/// Which events one F2S process asks another for.
public struct EventQuestion: Sendable, Hashable, Codable {
    /// The newest event that the one who asks knows, ``Event/sequence``.
    public var after: UInt64

    /// A question.
    public init(after: UInt64) { self.after = after }
}
