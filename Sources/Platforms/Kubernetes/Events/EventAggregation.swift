import F2SModel

/// Which Kubernetes Events to write: the same news again becomes a count, and more than people can read is left out. A
/// value without I/O.
struct EventAggregation: Sendable {
    /// One Event object to write.
    struct Write: Sendable, Hashable {
        /// Name of the object.
        let name: String
        /// How often it has happened.
        let count: Int
        /// When it happened first and last, seconds since 1970.
        let first: Double
        let last: Double
        /// What happened.
        let event: Event
        /// Whether the object is there already.
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
        /// Whether it waits to be written.
        var isDirty: Bool
    }

    /// Time without news after which the same news is told anew.
    private static let memory = 600.0
    /// Series that are remembered; while all of them wait to be written, new ones are left out.
    private static let seriesMax = 4096
    /// Events that one function may cause at once, and how fast that comes back.
    private static let burst = 25.0
    private static let perSecond = 1.0 / 60
    private static let frequentReason = "Scaled"

    private var series: [Key: Series] = [:]
    private var dirty: [Key] = []
    private var buckets: [String: (tokens: Double, at: Double)] = [:]

    /// Takes an event.
    mutating func take(_ event: Event) {
        guard !event.function.isEmpty else { return }
        let key = Key(function: event.function, reason: event.reason, message: event.message)
        if var known = series[key], event.time - known.last < Self.memory {
            known.count += 1
            known.last = max(known.last, event.time)
            known.event = event
            series[key] = known
        } else {
            if series.count >= Self.seriesMax { forget() }
            guard series.count < Self.seriesMax, takeToken(of: event) else { return }
            series[key] = Series(
                name: Self.name(of: event), count: 1, first: event.time, last: event.time, event: event, written: 0,
                isDirty: series[key]?.isDirty ?? false)
        }
        guard series[key]?.isDirty == false else { return }
        series[key]?.isDirty = true
        dirty.append(key)
    }

    /// The oldest news to write, at most so many; each counts as written.
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

    private mutating func takeToken(of event: Event) -> Bool {
        if buckets.count >= Self.seriesMax { buckets = [:] }
        // Of what happens all the time there may be too much to write, which must not hide what is rare.
        let key = event.reason == Self.frequentReason ? "\(event.function)/\(event.reason)" : event.function
        let time = event.time
        let bucket = buckets[key] ?? (Self.burst, time)
        let tokens = min(Self.burst, bucket.tokens + max(0, time - bucket.at) * Self.perSecond)
        buckets[key] = (tokens >= 1 ? tokens - 1 : tokens, time)
        return tokens >= 1
    }

    /// Forgets the older half of what was written.
    private mutating func forget() {
        let written = series.filter { !$0.value.isDirty }.sorted { $0.value.last < $1.value.last }
        for (key, _) in written.prefix(max(1, series.count / 2)) { series[key] = nil }
    }

    /// As kubectl names them: the function and what makes it unique.
    private static func name(of event: Event) -> String {
        var hash = StableHash()
        hash.add(list: [event.function, event.reason, event.message, "\(event.time)"])
        return "\(event.function).\(hash.hexadecimal)"
    }
}
