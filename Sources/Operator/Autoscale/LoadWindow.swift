import F2SModel

/// What a function had in flight or waiting over the last while: a curve of its growing integral.
///
/// The dispatcher reports the exact integral of concurrency over time, so an average over any window is the difference
/// of two points of the curve divided by the time between them, no matter when reports were taken.
struct LoadWindow: Sendable, Hashable {
    private struct Point: Sendable, Hashable {
        var time: Duration
        /// In flight and waiting, integrated over time: `LoadReport.FunctionLoad.concurrencySeconds`.
        var area: Double
    }

    /// A window is remembered in at most about so many points, so that an hour costs no more than a minute.
    private static let pointsPerWindow = 60

    /// At least a second apart, oldest first. Silence is one long segment, whatever it lasts.
    private var points: [Point] = []
    private var newest: Point?
    private var admitted: UInt64 = 0
    /// True while no report has said where the counters stand: silence was assumed.
    private var isAssumed = false

    /// Takes a report.
    /// - Parameters:
    ///   - load: `nil`: the reports leave the function out, because it had nothing in flight or waiting since the
    ///     newest one.
    ///   - length: the longest window that will be asked for.
    /// - Returns: whether anything was in flight or waiting since the report before, or a start was asked for.
    mutating func observe(_ load: LoadReport.FunctionLoad?, at now: Duration, keeping length: Duration) -> Bool {
        guard let load else {
            if newest == nil { isAssumed = true }
            return take(silence, at: now, keeping: length)
        }
        return isAssumed ? begin(load, at: now) : take(load, at: now, keeping: length)
    }

    private mutating func take(_ load: LoadReport.FunctionLoad, at now: Duration, keeping length: Duration) -> Bool {
        let point = Point(time: now, area: load.concurrencySeconds)
        let isBusy = load.isPresent
        guard let before = newest, before.area <= point.area, admitted <= load.admitted else {
            // The first report, or the dispatcher has begun to count anew.
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

    /// Takes note that nothing was in flight or waiting since the newest report.
    mutating func rest(until time: Duration, keeping length: Duration) {
        guard newest != nil else { return }
        _ = observe(nil, at: time, keeping: length)
    }

    /// Takes the first report after a silence that was assumed: its counters say nothing about the time before it.
    private mutating func begin(_ load: LoadReport.FunctionLoad, at now: Duration) -> Bool {
        isAssumed = false
        admitted = load.admitted
        for place in points.indices { points[place].area = load.concurrencySeconds }
        newest = Point(time: now, area: load.concurrencySeconds)
        // A function is reported for a while after its last invocation, and while it has replicas.
        return load.isPresent || load.admitted > 0
    }

    /// Average in flight and waiting over the time before the newest report; over what is known of it, but at least a
    /// second, so that the first moments of a function are not taken for a trend.
    func average(over length: Duration) -> Double {
        guard let newest, let oldest = points.first, newest.area > oldest.area else { return 0 }
        let start = max(newest.time - length, oldest.time)
        let elapsed = max((newest.time - start).inSeconds, 1)
        return (newest.area - area(at: start, until: newest)) / elapsed
    }

    /// How far back the curve is known.
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

    /// The curve between two points is taken for a straight line.
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
    /// True if something is in flight or waiting, or a start is asked for.
    fileprivate var isPresent: Bool { inFlight > 0 || queued > 0 || wantsActivation }
}
