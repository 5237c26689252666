public import F2SModel

/// The activity and the amounts of one function at the end of a step.
public struct FunctionSample: Sendable {
    /// The invocations that ended in the step.
    public var activity: FunctionActivity
    /// The amounts at the end of the step.
    public var gauges: FunctionGauges

    /// Creates a sample. The invocations in flight are those of the activity.
    /// - Parameters:
    ///   - slots: The number of slots; `nil` if the function declares no limit.
    ///   - desired: The number of replicas that the autoscaler wants.
    ///   - ready: The number of replicas that accept invocations.
    public init(_ activity: FunctionActivity, slots: Int?, desired: Int, ready: Int) {
        self.activity = activity
        gauges = FunctionGauges(
            inFlight: UInt32(clamping: activity.inFlight), slots: slots.map { UInt32(clamping: $0) },
            desired: UInt32(clamping: desired), ready: UInt32(clamping: ready))
    }

    fileprivate var id: Function.ID { activity.function }
    fileprivate var isIdle: Bool { activity.counts.isZero && gauges.isIdle }
}

/// The time series of the functions that were active within the last hour, as this process has counted them. The
/// invocations that other F2S processes served are not included.
///
/// A value without clock or lock. Steps have consecutive numbers; a step is recorded when it ends. A function that is
/// not in the sample of a step had no invocations and has no replicas, so it costs nothing.
public struct TimeSeriesStore: Sendable {
    /// The length of a step.
    public static let step = Duration.seconds(10)
    /// The number of steps that are kept: one hour.
    public static let stepsMax = 360
    /// The maximum number of functions with a series. For another one, that of the function which has been without
    /// invocations for the longest time is dropped.
    public static let functionsMax = 2000

    /// The number of the step that was recorded last.
    public private(set) var current: Int
    private var series: [Function.ID: FunctionTimeSeries] = [:]
    /// The functions that had invocations in flight or replicas at the end of the last step.
    private var busy: Set<Function.ID> = []
    /// The number of the newest step of which the values of a function without a series are not known.
    private var lastUnknown: Int
    private var nextExpiry: Int
    private let functionsMax: Int

    /// Creates an empty store.
    /// - Parameter number: The number of a step. Its values and those of earlier ones are not known.
    public init(after number: Int, functionsMax: Int = TimeSeriesStore.functionsMax) {
        current = number
        lastUnknown = number
        nextExpiry = number + Self.stepsMax
        self.functionsMax = functionsMax
    }

    /// The number of functions with a series.
    public var count: Int { series.count }

    /// Records a step. If steps were skipped, their invocations count in this one.
    /// - Parameters:
    ///   - samples: The functions that have replicas or had invocations since the last step, each once.
    ///   - number: The number of the step. A step that is not newer than the last one is ignored.
    public mutating func record(_ samples: [FunctionSample], at number: Int) {
        guard number > current else { return }
        current = number
        var ended = busy
        var newcomers: [FunctionSample] = []
        for sample in samples {
            ended.remove(sample.id)
            if series[sample.id] != nil {
                record(sample, at: number)
            } else if !sample.isIdle {
                newcomers.append(sample)
            }
        }
        for id in ended {
            busy.remove(id)
            guard let idle = series[id]?.gauges.idle else { continue }
            series[id]?.record(FunctionActivity(function: id), idle, at: number)
        }
        if !newcomers.isEmpty { admit(newcomers, at: number) }
        guard number >= nextExpiry else { return }
        nextExpiry = number + Self.stepsMax / 6
        series = series.filter { !$0.value.isExpired(at: number) }
    }

    /// Removes functions that are no longer declared.
    public mutating func remove(_ functions: some Sequence<Function.ID>) {
        for id in functions {
            series[id] = nil
            busy.remove(id)
        }
    }

    private mutating func record(_ sample: FunctionSample, at number: Int) {
        series[sample.id]?.record(sample.activity, sample.gauges, at: number)
        if sample.gauges.isIdle { busy.remove(sample.id) } else { busy.insert(sample.id) }
    }

    /// Creates the series of functions. A function without invocations gets one only if there is space.
    private mutating func admit(_ newcomers: [FunctionSample], at number: Int) {
        let quiet = newcomers.filter { $0.activity.counts.isZero && $0.gauges.inFlight == 0 }
        let active = newcomers.filter { !$0.activity.counts.isZero || $0.gauges.inFlight > 0 }
        evict(active.count - (functionsMax - series.count), at: number)
        let firstKnown = min(lastUnknown + 1, number)
        let admitted = (active + quiet).prefix(max(0, functionsMax - series.count))
        for sample in admitted {
            series[sample.id] = FunctionTimeSeries(firstKnown: firstKnown, at: number)
            record(sample, at: number)
        }
        if admitted.count < newcomers.count { lastUnknown = number }
    }

    /// Drops the series of the functions that have been without invocations for the longest time.
    private mutating func evict(_ count: Int, at number: Int) {
        guard count > 0 else { return }
        let candidates = series.filter { $0.value.activeAt < number }.sorted { $0.value.activeAt < $1.value.activeAt }
        for (id, dropped) in candidates.prefix(count) {
            lastUnknown = max(lastUnknown, dropped.lastStored ?? lastUnknown)
            series[id] = nil
            busy.remove(id)
        }
    }

    // MARK: Reading

    /// Returns the values of the last steps of a function.
    /// - Parameter count: The number of steps, at most ``stepsMax``.
    public func window(of function: Function.ID, steps count: Int) -> FunctionWindow {
        let numbers = last(count)
        guard let series = series[function] else {
            return FunctionWindow(steps: numbers.map { $0 > lastUnknown ? FunctionStep() : nil }, failures: [:])
        }
        return FunctionWindow(steps: series.steps(numbers), failures: series.failures(numbers))
    }

    /// Returns the recent traffic of a function.
    public func traffic(of function: Function.ID) -> FunctionTraffic {
        guard let series = series[function] else {
            return FunctionTraffic(rates: Array(repeating: 0, count: FunctionTraffic.steps), rate: 0)
        }
        return FunctionTraffic(
            rates: series.ended(last(FunctionTraffic.steps)).map { Double($0) / Self.step.inSeconds },
            rate: rate(of: series), p95: p95(of: function), coldStart: series.lastColdStart)
    }

    /// Returns the invocations per second of a function, on average over the last minute.
    public func rate(of function: Function.ID) -> Double { series[function].map(rate(of:)) ?? 0 }

    /// Returns the duration in seconds that 95 % of a function's invocations of the last 5 minutes kept to; `nil`
    /// if there were none.
    public func p95(of function: Function.ID) -> Double? { series[function]?.quantile(0.95, at: current) }

    /// Returns the newest known wait for a first replica of a function, in seconds; `nil` if there was none.
    public func coldStart(of function: Function.ID) -> Double? { series[function]?.lastColdStart }

    private func rate(of series: FunctionTimeSeries) -> Double {
        let numbers = last(Self.minute)
        // In the first minute, the average is that of the steps so far.
        let known = numbers.count { $0 >= series.firstKnown }
        let ended = series.ended(numbers).reduce(0, +)
        return Double(ended) / (Double(max(known, 1)) * Self.step.inSeconds)
    }

    private static let minute = 6

    private func last(_ count: Int) -> ClosedRange<Int> {
        (current - min(max(count, 1), Self.stepsMax) + 1)...current
    }
}
