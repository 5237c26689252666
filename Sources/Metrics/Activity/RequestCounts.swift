public import F2SModel

/// The number of invocations of one function that have ended, by the way in which they ended, and their durations.
///
/// Each number wraps at 2^32. The difference of two counts is exact as long as fewer invocations ended in between.
public struct RequestCounts: Sendable, Hashable {
    /// The responses of the function itself, by the class of their status.
    public var responses: StatusCounts
    /// The invocations that F2S answered with an error, in the order of `Stage.allCases`; empty if there are none.
    public var failures: [UInt32]
    /// The invocations whose client left before the end.
    public var abandoned: UInt32
    /// The invocations that waited for a first replica.
    public var coldStarts: UInt32
    /// The time from a request's head to the end of the function's response; `nil` before the first response.
    public var duration: Histogram.Reading?

    /// Creates counts, by default of a function without invocations.
    public init(
        responses: StatusCounts = StatusCounts(), failures: [UInt32] = [], abandoned: UInt32 = 0,
        coldStarts: UInt32 = 0, duration: Histogram.Reading? = nil
    ) {
        self.responses = responses
        self.failures = failures
        self.abandoned = abandoned
        self.coldStarts = coldStarts
        self.duration = duration
    }

    /// The invocations that F2S answered with an error of this stage.
    public func failures(of stage: Stage) -> UInt32 {
        zip(Stage.allCases, failures).first { $0.0 == stage }?.1 ?? 0
    }

    /// The number of invocations that F2S answered with an error.
    public var failed: Int { failures.reduce(0) { $0 + Int($1) } }

    /// The number of all invocations that have ended.
    public var ended: Int { responses.total + failed + Int(abandoned) }

    /// True if nothing was counted.
    public var isZero: Bool { ended == 0 && coldStarts == 0 && (duration?.count ?? 0) == 0 }

    /// Returns the invocations that have ended since earlier counts of the same function.
    public func since(_ earlier: RequestCounts) -> RequestCounts {
        var difference = self
        for status in StatusClass.allCases { difference.responses[status] &-= earlier.responses[status] }
        for (index, count) in earlier.failures.enumerated() where index < failures.count {
            difference.failures[index] &-= count
        }
        difference.abandoned &-= earlier.abandoned
        difference.coldStarts &-= earlier.coldStarts
        if let before = earlier.duration { difference.duration = duration?.since(before) }
        return difference
    }
}
