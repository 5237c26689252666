import F2SModel

/// The values of one function over the last hour, in steps of 10 s.
///
/// A step in which no invocation ended and no amount changed is not stored, and is filled when the series is read. A
/// function that has invocations in every step takes about 30 KiB, a quiet one almost nothing.
struct FunctionTimeSeries: Sendable {
    /// The values of a stored step.
    private struct Point {
        let number: Int
        let values: FunctionStep
    }

    /// The failures of one stage in one step.
    private struct Failure {
        let number: Int
        let stage: Stage
        let count: UInt32
    }

    /// The durations of one step, per bucket.
    private struct Durations {
        let number: Int
        let counts: [UInt32]
    }

    /// The number of steps whose durations are kept per bucket: 5 minutes.
    static let durationSteps = 30
    /// The steps that may be stored beyond the last hour, so that not every step moves all others in memory.
    private static let surplusMax = 24

    /// The number of the first step whose values are known.
    let firstKnown: Int
    /// The number of the last step in which an invocation ended or was in flight.
    private(set) var activeAt: Int
    /// The newest amounts.
    private(set) var gauges = FunctionGauges()
    /// The newest wait for a first replica, in seconds; `nil` if there was none.
    private(set) var lastColdStart: Double?
    private var points: [Point] = []
    private var failures: [Failure] = []
    private var durations: [Durations] = []
    private var bounds: Histogram.Bounds?

    init(firstKnown: Int, at number: Int) {
        self.firstKnown = firstKnown
        activeAt = number
    }

    /// The number of the newest stored step; `nil` if none is stored.
    var lastStored: Int? { points.last?.number }

    /// Records a step. Its number must be higher than that of the step before.
    mutating func record(_ activity: FunctionActivity, _ gauges: FunctionGauges, at number: Int) {
        let counts = activity.counts
        if !counts.isZero || gauges.inFlight > 0 { activeAt = number }
        lastColdStart = activity.lastColdStart?.inSeconds ?? lastColdStart
        guard !counts.isZero || gauges != self.gauges || points.isEmpty else { return }
        self.gauges = gauges
        points.append(Point(number: number, values: FunctionStep(counts, gauges: gauges)))
        let surplus = points.prefix { $0.number <= number - TimeSeriesStore.stepsMax }.count
        // The newest of them still tells the amounts at the beginning of the hour.
        if surplus > Self.surplusMax { points.removeFirst(surplus - 1) }
        record(failures: counts, at: number)
        record(durations: counts, at: number)
    }

    private mutating func record(failures counts: RequestCounts, at number: Int) {
        guard counts.failed > 0 else { return }
        failures.removeAll { $0.number <= number - TimeSeriesStore.stepsMax }
        for (stage, count) in zip(Stage.allCases, counts.failures) where count > 0 {
            failures.append(Failure(number: number, stage: stage, count: count))
        }
    }

    private mutating func record(durations counts: RequestCounts, at number: Int) {
        guard let reading = counts.duration, reading.count > 0 else { return }
        if bounds != reading.bounds { durations = [] }
        bounds = reading.bounds
        durations.removeAll { $0.number <= number - Self.durationSteps }
        durations.append(Durations(number: number, counts: reading.counts.map { UInt32(clamping: $0) }))
    }

    /// Returns true if the last hour until a step contains nothing.
    func isExpired(at number: Int) -> Bool {
        gauges.isIdle && (lastStored ?? number) <= number - TimeSeriesStore.stepsMax
    }

    /// Returns the values of steps; `nil` for those that are not known.
    func steps(_ numbers: ClosedRange<Int>) -> [FunctionStep?] {
        var next = points.partitioningIndex { $0.number >= numbers.lowerBound }
        var gauges = next > 0 ? points[next - 1].values.gauges : FunctionGauges()
        return numbers.map { number in
            guard number >= firstKnown else { return nil }
            guard next < points.count, points[next].number == number else { return FunctionStep(gauges: gauges) }
            defer { next += 1 }
            gauges = points[next].values.gauges
            return points[next].values
        }
    }

    /// Returns the failures of each stage that occurred in these steps.
    func failures(_ numbers: ClosedRange<Int>) -> [Stage: [UInt32]] {
        var found: [Stage: [UInt32]] = [:]
        for failure in failures where numbers.contains(failure.number) {
            let none = [UInt32](repeating: 0, count: numbers.count)
            found[failure.stage, default: none][failure.number - numbers.lowerBound] += failure.count
        }
        return found
    }

    /// Returns the numbers of invocations that ended in each of the steps.
    func ended(_ numbers: ClosedRange<Int>) -> [Int] {
        var ended = [Int](repeating: 0, count: numbers.count)
        for point in points.reversed() {
            guard point.number >= numbers.lowerBound else { break }
            if point.number <= numbers.upperBound { ended[point.number - numbers.lowerBound] = point.values.ended }
        }
        return ended
    }

    /// Returns the quantile of the durations of the last 5 minutes until a step, in seconds; `nil` if there were none.
    func quantile(_ quantile: Double, at number: Int) -> Double? {
        guard let bounds else { return nil }
        var total = [UInt64](repeating: 0, count: bounds.seconds.count + 1)
        for step in durations where step.number > number - Self.durationSteps {
            for (bucket, count) in step.counts.enumerated() { total[bucket] += UInt64(count) }
        }
        return bounds.quantile(quantile, of: total)
    }
}
