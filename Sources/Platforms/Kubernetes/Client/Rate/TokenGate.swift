/// A token bucket with two queues. Activations go before housekeeping calls, which also leave them a reserve of tokens.
///
/// The gate uses neither a clock nor tasks. A caller that may not pass learns when to ask again, and keeps its position
/// in the queue until then.
struct TokenGate: Sendable {
    /// The decision about a call.
    enum Verdict: Sendable, Hashable {
        /// The call may be sent now.
        case pass
        /// The caller must ask again after this time.
        case later(Duration)
        /// Too many calls wait already.
        case refuse
    }

    private let reserve: Double
    private let waitingMax: Int
    private var bucket: TokenBucket
    private var activations = WaitQueue()
    private var housekeeping = WaitQueue()

    /// Creates a gate with a full bucket.
    init(_ options: ClientOptions) {
        let burst = max(1, options.burst)
        bucket = TokenBucket(perSecond: max(0.001, options.requestsPerSecond), burst: burst)
        // Housekeeping needs at least one token that is not reserved; otherwise it would wait for ever.
        reserve = max(0, min(options.activationReserve, burst - 1))
        waitingMax = options.waitingMax
    }

    /// Decides whether the caller with this number may send its call now. Each new caller has a higher number than the
    /// ones before it. A caller asks with the same number until it passes or leaves.
    mutating func ask(_ id: UInt64, _ priority: Priority, at now: Duration) -> Verdict {
        let line = priority == .activation ? activations : housekeeping
        let ahead: Int
        if let location = line.location(of: id) {
            ahead = location
        } else {
            guard activations.count + housekeeping.count < waitingMax else { return .refuse }
            ahead = line.count
        }
        let aheadInAll = priority == .activation ? ahead : ahead + activations.count
        let needed = Double(aheadInAll + 1) + (priority == .activation ? 0 : reserve)
        guard let wait = bucket.consumeToken(ofAtLeast: needed, at: now) else {
            leave(id, priority)
            return .pass
        }
        if priority == .activation { activations.join(id) } else { housekeeping.join(id) }
        return .later(max(.milliseconds(1), wait))
    }

    /// Removes a caller from its queue.
    mutating func leave(_ id: UInt64, _ priority: Priority) {
        if priority == .activation { activations.leave(id) } else { housekeeping.leave(id) }
    }
}

/// The waiting callers in order of arrival. Their numbers only grow, so that a binary search finds a caller.
private struct WaitQueue: Sendable {
    private var waiting: [UInt64] = []

    var count: Int { waiting.count }

    /// Returns the number of callers ahead of this one; `nil` if it does not wait.
    func location(of id: UInt64) -> Int? {
        let index = lowerBound(id)
        return index < waiting.count && waiting[index] == id ? index : nil
    }

    mutating func join(_ id: UInt64) {
        let index = lowerBound(id)
        if index == waiting.count || waiting[index] != id { waiting.insert(id, at: index) }
    }

    mutating func leave(_ id: UInt64) {
        if let index = location(of: id) { waiting.remove(at: index) }
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
