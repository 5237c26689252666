public import F2SModel

/// The invocations of one function since the last collection, and those in flight.
public struct FunctionActivity: Sendable {
    /// The function.
    public var function: Function.ID
    /// The invocations that have ended since the last collection.
    public var counts: RequestCounts
    /// The number of invocations that hold a slot.
    public var inFlight: Int
    /// The wait for a first replica of the invocation that ended last among those that waited for one; `nil` if none
    /// has ended since the last collection.
    public var lastColdStart: Duration?

    /// Creates the activity of a function.
    public init(
        function: Function.ID, counts: RequestCounts = RequestCounts(), inFlight: Int = 0,
        lastColdStart: Duration? = nil
    ) {
        self.function = function
        self.counts = counts
        self.inFlight = inFlight
        self.lastColdStart = lastColdStart
    }
}

/// Counts the invocations of functions.
public protocol FunctionActivitySource: Sendable {
    /// Returns the functions with invocations in flight or with invocations that have ended since the last call (delta
    /// temporality, in the terms of OpenTelemetry). A function is returned once, and one that is at rest costs nothing.
    /// Only one component may call this.
    ///
    /// Requests that were rejected before their caller was known are missing if the function was at rest. Otherwise
    /// callers without credentials could make F2S keep the activity of every function.
    func collectActivity() -> [FunctionActivity]
}
