import F2SModel

/// The load of a function over a recent period, as a curve of its growing integral.
///
/// The dispatcher reports the exact integral of concurrency over time. The average over any window is therefore the
/// difference of two points of the curve divided by the time between them, no matter when the reports were made.
struct LoadWindow: Sendable, Hashable {
    private struct Point: Sendable, Hashable {
        var time: Duration
        /// The invocations in flight and queued, integrated over time: `LoadReport.FunctionLoad.concurrencySeconds`.
        var area: Double
    }

    /// The approximate number of points per window, so that an hour costs no more than a minute.
    private static let pointsPerWindow = 60

    /// The points, at least a second apart, oldest first. Silence is one long segment, however long it lasts.
    private var points: [Point] = []
    private var newest: Point?
    private var admitted: UInt64 = 0
    /// True while no report has contained the function's counters, so that silence was assumed.
    private var isAssumed = false

    /// Records a report.
    /// - Parameters:
    ///   - load: The function's load; `nil` if the reports omit the function because nothing was in flight or queued
    ///     since the newest one.
    ///   - length: The longest window that will be requested.
    /// - Returns: True if anything was in flight or queued since the previous report, or a start was requested.
    mutating func observe(_ load: LoadReport.FunctionLoad?, at now: Duration, keeping length: Duration) -> Bool {
        guard let load else {
            if newest == nil { isAssumed = true }
            return record(silence, at: now, keeping: length)
        }
        return isAssumed ? begin(load, at: now) : record(load, at: now, keeping: length)
    }

    private mutating func record(_ load: LoadReport.FunctionLoad, at now: Duration, keeping length: Duration) -> Bool {
        let point = Point(time: now, area: load.concurrencySeconds)
        let isBusy = load.isPresent
        guard let before = newest, before.area <= point.area, admitted <= load.admitted else {
            // The first report, or the dispatcher has reset its counters.
            points = [point]
            newest = point
            admitted = load.admitted
            return isBusy
        }
        let wasBusy = before.area < point.area || admitted < load.admitted
        newest = point
        admitted = load.admitted
        append(point, spacing: max(.seconds(1), length / Self.pointsPerWindow))
        while points.count > 1, points[1].time <= now - length { points.removeFirst() }
        return isBusy || wasBusy
    }

    /// The report of a function that has had no invocation since the newest report.
    private var silence: LoadReport.FunctionLoad {
        LoadReport.FunctionLoad(admitted: admitted, concurrencySeconds: newest?.area ?? 0)
    }

    /// Records that nothing was in flight or queued since the newest report.
    mutating func rest(until time: Duration, keeping length: Duration) {
        guard newest != nil else { return }
        _ = observe(nil, at: time, keeping: length)
    }

    /// Records the first report after an assumed silence. Its counters do not describe the time before it.
    private mutating func begin(_ load: LoadReport.FunctionLoad, at now: Duration) -> Bool {
        isAssumed = false
        admitted = load.admitted
        for index in points.indices { points[index].area = load.concurrencySeconds }
        newest = Point(time: now, area: load.concurrencySeconds)
        // A function is reported for a while after its last invocation, and while it has replicas.
        return load.isPresent || load.admitted > 0
    }

    /// Returns the average number of invocations in flight and queued over the given time before the newest report. If
    /// less is known, the average covers the known time, but at least a second, so that a function's first moments do
    /// not look like a trend.
    func average(over length: Duration) -> Double {
        guard let newest, let oldest = points.first, newest.area > oldest.area else { return 0 }
        let start = max(newest.time - length, oldest.time)
        let elapsed = max((newest.time - start).inSeconds, 1)
        return (newest.area - area(at: start, until: newest)) / elapsed
    }

    /// The period that the curve covers.
    var length: Duration {
        guard let newest, let oldest = points.first else { return .zero }
        return newest.time - oldest.time
    }

    private mutating func append(_ point: Point, spacing: Duration) {
        guard let last = points.last else { return points.append(point) }
        if points.count > 1, points[points.count - 2].area == last.area, last.area == point.area {
            points[points.count - 1].time = point.time
        } else if point.time - last.time >= spacing {
            points.append(point)
        }
    }

    /// Returns the value of the curve at a time, by linear interpolation between two points.
    private func area(at time: Duration, until newest: Point) -> Double {
        let after = points.firstIndex { $0.time > time } ?? points.endIndex
        guard after > 0 else { return points.first?.area ?? newest.area }
        let left = points[after - 1]
        let right = after < points.endIndex ? points[after] : newest
        guard right.time > left.time, right.area > left.area else { return left.area }
        return left.area + (right.area - left.area) * ((time - left.time) / (right.time - left.time))
    }
}

extension LoadReport.FunctionLoad {
    /// True if something is in flight or queued, or a start is requested.
    fileprivate var isPresent: Bool { inFlight > 0 || queued > 0 || wantsActivation }
}
