/// A decision of the autoscaler that changed the desired number of a function's replicas.
public struct ScaleChange: Sendable, Hashable, Codable {
    /// The time of the decision, in seconds since 1970.
    @UTCTime public var time: Double
    /// The number before the decision.
    public var from: Int
    /// The number that the autoscaler has wanted since.
    public var to: Int
    /// One word for programs, from the closed set of the autoscaler.
    public var reason: String
    /// One sentence with the figures that determined the number, without the number itself.
    public var message: String

    /// Creates a change.
    public init(time: Double, from: Int, to: Int, reason: String, message: String) {
        self.time = time
        self.from = from
        self.to = to
        self.reason = reason
        self.message = message
    }
}
