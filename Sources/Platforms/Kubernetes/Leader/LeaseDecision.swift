import F2SModel

/// Who leads, decided from what a lease shows and from this machine's own clock. A value without I/O: ``LeaseElection``
/// tells it what it has seen and when, and writes what it asks for.
///
/// Two clocks are never compared. A lease is anybody's when *this* process has seen it unchanged for the whole of its
/// duration; its holder stops leading when *it* has not been able to renew it for a shorter time, counted from before
/// the last renewal that succeeded. So there is a pause between two leaders, whatever their clocks say, and a write
/// that comes too late is refused, because it names a version that is there no more.
struct LeaseDecision: Sendable {
    /// How long what lasts.
    struct Timing: Sendable, Hashable {
        /// Time without a change after which a lease is anybody's.
        var duration: Duration
        /// Time without a renewal after which its holder does not lead.
        var renewDeadline: Duration
        /// Time between two renewals, and between two attempts.
        var renewInterval: Duration
        /// Time until a write that has failed is tried again.
        var retryInterval: Duration { renewInterval / 4 }
        /// Time that one write may take.
        var writeTimeout: Duration { renewDeadline / 2 }

        /// Everything from the one time that people choose: a leader renews its lease four times within it, and leads
        /// for three quarters of it without a renewal, so that there is a pause before another one may lead.
        init(failover: Duration) {
            duration = failover
            renewDeadline = failover * 3 / 4
            renewInterval = failover / 4
        }
    }

    /// What to do now.
    enum Action: Sendable, Hashable {
        /// Look again at that time, or when the lease changes.
        case rest(until: Duration)
        /// Write it: anew when its version is empty, else in the place of that version.
        case write(LeaseRecord)
    }

    private let identity: String
    private let timing: Timing
    private var record: LeaseRecord?
    /// When the newest state of the lease was seen first.
    private var seenAt: Duration
    /// When the write began that made or kept this process the holder.
    private var heldSince: Duration?
    /// The newest write, answered or not: what it was to say, and when it began.
    private var attempt: (renewTime: String, begin: Duration)?
    /// The next write may begin then.
    private var nextWrite: Duration
    private var hasResigned = false

    /// - Parameter now: what is not known yet counts as seen at this moment: who starts waits for a whole duration.
    init(identity: String, timing: Timing, now: Duration) {
        self.identity = identity
        self.timing = timing
        seenAt = now
        nextWrite = now
    }

    /// Whether this process leads at that moment.
    func isLeader(at now: Duration) -> Bool {
        guard !hasResigned, let heldSince else { return false }
        return now - heldSince < timing.renewDeadline
    }

    /// Time until another process may lead, zero where this one does not: whatever this one still has to write as the
    /// leader must be over by then.
    func remaining(at now: Duration) -> Duration {
        guard isLeader(at: now), let heldSince else { return .zero }
        return heldSince + timing.duration - now
    }

    /// The lease as it is now; `nil`: there is none.
    mutating func see(_ newer: LeaseRecord?, at now: Duration) {
        guard newer != record, !isOlder(newer) else { return }
        record = newer
        seenAt = now
        guard let newer, newer.holder == identity else {
            heldSince = nil
            return
        }
        // The answer may be late, or lost: what is stored counts.
        if let attempt, attempt.renewTime == newer.renewTime { hold(since: attempt.begin) }
    }

    /// What to do at that moment.
    func action(at now: Duration, wall: Double) -> Action {
        if hasResigned { return .rest(until: .seconds(Int64.max / 4)) }
        let due = max(nextWrite, mayWrite)
        guard now >= due else { return .rest(until: due) }
        let time = Timestamp(seconds: wall).microText
        guard let record else {
            return .write(
                LeaseRecord(resourceVersion: "", holder: identity, renewTime: time, acquireTime: time))
        }
        var renewed = record
        renewed.renewTime = time
        if record.holder != identity {
            renewed.holder = identity
            renewed.acquireTime = time
            renewed.transitions += 1
        }
        return .write(renewed)
    }

    /// A write begins.
    mutating func began(_ record: LeaseRecord, at now: Duration) { attempt = (record.renewTime, now) }

    /// A write that began at that moment has succeeded; `record` is what is stored now.
    mutating func wrote(_ record: LeaseRecord, begunAt begin: Duration, at now: Duration) {
        see(record, at: now)
        if record.holder == identity { hold(since: begin) }
    }

    /// A write has failed; whoever was leader leads until the deadline and tries again meanwhile.
    mutating func failed(at now: Duration) { nextWrite = now + timing.retryInterval }

    /// This process does not want to lead any more.
    /// - Returns: what to write so that another one need not wait; `nil`: it does not hold the lease.
    mutating func resign() -> LeaseRecord? {
        hasResigned = true
        guard var record, record.holder == identity else { return nil }
        record.holder = ""
        return record
    }

    private mutating func hold(since begin: Duration) {
        guard !hasResigned else { return }
        heldSince = begin
        nextWrite = begin + timing.renewInterval
    }

    /// Whether the watch tells of a state before the one that an answer has shown already. Versions are numbers that
    /// grow in every API server there is; where they should not be, the newest news counts.
    private func isOlder(_ newer: LeaseRecord?) -> Bool {
        guard let known = (record?.resourceVersion).flatMap({ UInt64($0) }),
            let other = (newer?.resourceVersion).flatMap({ UInt64($0) })
        else { return false }
        return other < known
    }

    /// When the lease may be written for this process.
    private var mayWrite: Duration {
        guard let record, !record.holder.isEmpty, record.holder != identity else { return seenAt }
        // Its holder keeps to the time that it has written, which is another one while that setting is being changed.
        return seenAt + max(timing.duration, record.duration)
    }
}
