import F2SModel

/// Decides which Kubernetes Events to write. A repeated event increases a count, and the number of Events per function
/// is limited. A value without I/O.
struct EventAggregation: Sendable {
    /// One Event object to write.
    struct Write: Sendable, Hashable {
        /// The name of the object.
        let name: String
        /// The number of occurrences.
        let count: Int
        /// The times of the first and the last occurrence, in seconds since 1970.
        let first: Double
        let last: Double
        /// The newest occurrence.
        let event: Event
        /// True if the object has been written before.
        let isKnown: Bool
    }

    private struct Key: Sendable, Hashable {
        let function: String
        let reason: String
        let message: String
    }

    private struct Series: Sendable {
        let name: String
        var count: Int
        let first: Double
        var last: Double
        var event: Event
        var written: Int
        /// True if the series waits to be written.
        var isDirty: Bool
    }

    /// The time without an occurrence after which the same event begins a new series, in seconds.
    private static let memory = 600.0
    /// The largest number of series in memory. While all of them wait to be written, new ones are dropped.
    private static let seriesMax = 4096
    /// The number of series that one function may begin at once, and the number that it may begin per second after
    /// that.
    private static let burst = 25.0
    private static let perSecond = 1.0 / 60
    private static let frequentReason = "Scaled"

    private var series: [Key: Series] = [:]
    private var dirty: [Key] = []
    private var buckets: [String: TokenBucket] = [:]

    /// Adds an event.
    mutating func add(_ event: Event) {
        guard !event.function.isEmpty else { return }
        let key = Key(function: event.function, reason: event.reason, message: event.message)
        if var known = series[key], event.time - known.last < Self.memory {
            known.count += 1
            known.last = max(known.last, event.time)
            known.event = event
            series[key] = known
        } else {
            if series.count >= Self.seriesMax { forget() }
            guard series.count < Self.seriesMax, consumeToken(of: event) else { return }
            series[key] = Series(
                name: Self.name(of: event), count: 1, first: event.time, last: event.time, event: event, written: 0,
                isDirty: series[key]?.isDirty ?? false)
        }
        guard series[key]?.isDirty == false else { return }
        series[key]?.isDirty = true
        dirty.append(key)
    }

    /// Returns the Events to write, oldest first and at most `countMax`, and marks them as written.
    mutating func drain(_ countMax: Int) -> [Write] {
        let keys = dirty.prefix(countMax)
        dirty.removeFirst(keys.count)
        return keys.compactMap { key in
            guard var found = series[key] else { return nil }
            defer {
                found.written = found.count
                found.isDirty = false
                series[key] = found
            }
            return Write(
                name: found.name, count: found.count, first: found.first, last: found.last, event: found.event,
                isKnown: found.written > 0)
        }
    }

    private mutating func consumeToken(of event: Event) -> Bool {
        if buckets.count >= Self.seriesMax { buckets = [:] }
        // Frequent events have their own token bucket, so that they do not displace rare ones.
        let key = event.reason == Self.frequentReason ? "\(event.function)/\(event.reason)" : event.function
        let full = TokenBucket(perSecond: Self.perSecond, burst: Self.burst)
        return buckets[key, default: full].consumeToken(at: .seconds(event.time)) == nil
    }

    /// Removes the oldest written series, up to half of all series.
    private mutating func forget() {
        let written = series.filter { !$0.value.isDirty }.sorted { $0.value.last < $1.value.last }
        for (key, _) in written.prefix(max(1, series.count / 2)) { series[key] = nil }
    }

    /// Returns the name of the object: the function's name and a unique suffix, as kubectl does.
    private static func name(of event: Event) -> String {
        var hash = StableHash()
        hash.add(list: [event.function, event.reason, event.message, "\(event.time)"])
        return "\(event.function).\(hash.hexadecimal)"
    }
}
