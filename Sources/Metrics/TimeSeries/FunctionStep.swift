public import F2SModel

/// The amounts of one function at the end of a step.
public struct FunctionGauges: Sendable, Hashable {
    /// The number of invocations that hold a slot.
    public var inFlight: UInt32
    /// The number of slots; `nil` if the function declares no limit.
    public var slots: UInt32?
    /// The number of replicas that the autoscaler wants.
    public var desired: UInt32
    /// The number of replicas that accept invocations.
    public var ready: UInt32

    /// Creates amounts, by default those of an idle function without a limit.
    public init(inFlight: UInt32 = 0, slots: UInt32? = nil, desired: UInt32 = 0, ready: UInt32 = 0) {
        self.inFlight = inFlight
        self.slots = slots
        self.desired = desired
        self.ready = ready
    }

    /// True if the function has no invocations and no replicas.
    var isIdle: Bool { inFlight == 0 && desired == 0 && ready == 0 }

    /// The amounts after the invocations and replicas of the function have ended.
    var idle: FunctionGauges { FunctionGauges(slots: slots.map { _ in 0 }) }
}

/// The values of one function in one step of its time series.
public struct FunctionStep: Sendable, Hashable {
    /// Quantiles of durations, in seconds.
    public struct Quantiles: Sendable, Hashable {
        /// The median.
        public var p50: Float
        /// The duration that 95 % of the invocations did not exceed.
        public var p95: Float
        /// The duration that 99 % of the invocations did not exceed.
        public var p99: Float

        /// Computes the quantiles of a histogram; `nil` if it is empty.
        init?(_ durations: Histogram.Reading?) {
            guard let durations, let p50 = durations.quantile(0.5), let p95 = durations.quantile(0.95),
                let p99 = durations.quantile(0.99)
            else { return nil }
            (self.p50, self.p95, self.p99) = (Float(p50), Float(p95), Float(p99))
        }
    }

    /// The responses of the function itself.
    public var responses = StatusCounts()
    /// The number of invocations that F2S answered with an error.
    public var failed: UInt32 = 0
    /// The number of invocations whose client left before the end.
    public var abandoned: UInt32 = 0
    /// The number of invocations that waited for a first replica.
    public var coldStarts: UInt32 = 0
    /// The quantiles of the time from a request's head to the end of the function's response; `nil` without responses.
    public var duration: Quantiles?
    /// The amounts at the end of the step.
    public var gauges: FunctionGauges

    /// Creates the values of a step in which no invocation ended.
    init(gauges: FunctionGauges = FunctionGauges()) { self.gauges = gauges }

    /// Creates the values of a step from the invocations that ended in it.
    init(_ counts: RequestCounts, gauges: FunctionGauges) {
        responses = counts.responses
        failed = UInt32(clamping: counts.failed)
        abandoned = counts.abandoned
        coldStarts = counts.coldStarts
        duration = Quantiles(counts.duration)
        self.gauges = gauges
    }

    /// The number of invocations that ended in the step.
    var ended: Int { responses.total + Int(failed) + Int(abandoned) }
}

/// The values of one function over the last steps.
public struct FunctionWindow: Sendable {
    /// The steps, oldest first. A step is `nil` if its values are not known.
    public var steps: [FunctionStep?]
    /// The numbers of invocations that F2S answered with an error, by stage, as ``steps`` are ordered. A stage that did
    /// not occur is missing.
    public var failures: [Stage: [UInt32]]
}

/// The traffic of one function in the recent past.
public struct FunctionTraffic: Sendable, Hashable {
    /// The number of steps of ``rates``.
    public static let steps = 12

    /// Invocations per second in each of the last ``steps`` steps, oldest first. A step that is not known is 0.
    public var rates: [Double]
    /// Invocations per second, on average over the last minute.
    public var rate: Double
    /// The duration in seconds that 95 % of the invocations of the last 5 minutes did not exceed; `nil` without any.
    public var p95: Double?
    /// The newest known wait for a first replica, in seconds; `nil` if there was none.
    public var coldStart: Double?
}
