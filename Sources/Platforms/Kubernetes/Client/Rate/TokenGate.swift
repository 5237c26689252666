/// A token bucket with two queues: activations go before housekeeping, which also leaves them a reserve.
///
/// It knows neither clock nor tasks: who may not pass is told when to ask again, and keeps its place until then.
struct TokenGate: Sendable {
    /// What to do.
    enum Verdict: Sendable, Hashable {
        /// Call now.
        case pass
        /// Ask again after this.
        case later(Duration)
        /// Too many wait.
        case refuse
    }

    private let perSecond: Double
    private let burst: Double
    private let reserve: Double
    private let waitingMax: Int
    private var tokens: Double
    private var filledAt: Duration?
    private var activations = Line()
    private var housekeeping = Line()

    /// A bucket that is full.
    init(_ options: ClientOptions) {
        perSecond = max(0.001, options.requestsPerSecond)
        burst = max(1, options.burst)
        // Housekeeping needs a token that is not reserved, or it would wait for ever.
        reserve = max(0, min(options.activationReserve, burst - 1))
        waitingMax = options.waitingMax
        tokens = burst
    }

    /// Whether the caller of this number may call now. Numbers are given by ``Line`` order: one asks with the same
    /// number until it passes or leaves.
    mutating func ask(_ id: UInt64, _ priority: Priority, at now: Duration) -> Verdict {
        fill(now)
        let line = priority == .activation ? activations : housekeeping
        let ahead: Int
        if let place = line.place(of: id) {
            ahead = place
        } else {
            guard activations.count + housekeeping.count < waitingMax else { return .refuse }
            ahead = line.count
        }
        let aheadInAll = priority == .activation ? ahead : ahead + activations.count
        let needed = Double(aheadInAll + 1) + (priority == .activation ? 0 : reserve)
        // A hair is forgiven: it is what arithmetic with fractions of a second leaves.
        if tokens + 1e-6 >= needed {
            tokens -= 1
            leave(id, priority)
            return .pass
        }
        if priority == .activation { activations.join(id) } else { housekeeping.join(id) }
        return .later(.seconds(max(0.001, (needed - tokens) / perSecond)))
    }

    /// Gives up a place.
    mutating func leave(_ id: UInt64, _ priority: Priority) {
        if priority == .activation { activations.leave(id) } else { housekeeping.leave(id) }
    }

    private mutating func fill(_ now: Duration) {
        let passed = filledAt.map { now - $0 } ?? .zero
        filledAt = now
        let (seconds, attoseconds) = passed.components
        tokens = min(burst, tokens + max(0, Double(seconds) + Double(attoseconds) / 1e18) * perSecond)
    }
}

/// Who waits, in order of arrival: numbers only ever grow, so that a place is found by halving.
private struct Line: Sendable {
    private var waiting: [UInt64] = []

    var count: Int { waiting.count }

    /// How many are ahead.
    func place(of id: UInt64) -> Int? {
        let index = lowerBound(id)
        return index < waiting.count && waiting[index] == id ? index : nil
    }

    mutating func join(_ id: UInt64) {
        let index = lowerBound(id)
        if index == waiting.count || waiting[index] != id { waiting.insert(id, at: index) }
    }

    mutating func leave(_ id: UInt64) {
        if let index = place(of: id) { waiting.remove(at: index) }
    }

    private func lowerBound(_ id: UInt64) -> Int {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
