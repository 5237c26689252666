/// The time series of one function from a database of metrics, which sums them over all F2S processes. All have one
/// length and begin with the oldest step.
public struct FunctionSeries: Sendable, Hashable {
    /// The values of one series; `nil` for a value that is not known.
    public typealias Values = [Double?]

    /// The length of a step in seconds.
    public var stepSeconds: Int
    /// The end of the last step, in seconds since 1970.
    public var end: Double
    /// The number of F2S processes that the database observes now.
    public var processes = 0
    /// Responses of the function per second, by the class of their status, for example `2xx`.
    public var responses: [String: Values] = [:]
    /// Errors of F2S per second, by stage. A stage that did not occur is absent.
    public var failures: [Stage: Values] = [:]
    /// The median of the durations, in seconds.
    public var p50: Values
    /// The duration in seconds that 95 % of the invocations did not exceed.
    public var p95: Values
    /// The duration in seconds that 99 % of the invocations did not exceed.
    public var p99: Values
    /// The number of invocations that hold a slot.
    public var inFlight: Values
    /// The number of slots. Its values are `nil` if the function declares no limit.
    public var slots: Values
    /// The number of replicas that the autoscaler wants.
    public var desired: Values
    /// The number of replicas that accept invocations.
    public var ready: Values
    /// The number of invocations that waited for a first replica, per step.
    public var coldStarts: Values

    /// Creates time series of which no value is known.
    /// - Parameter count: The number of steps.
    public init(stepSeconds: Int, end: Double, count: Int) {
        let unknown = Values(repeating: nil, count: count)
        self.stepSeconds = stepSeconds
        self.end = end
        (p50, p95, p99) = (unknown, unknown, unknown)
        (inFlight, slots, desired, ready, coldStarts) = (unknown, unknown, unknown, unknown, unknown)
    }
}
