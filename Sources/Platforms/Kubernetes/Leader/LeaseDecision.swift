import F2SModel

/// Decides whether this process leads, from the observed states of a lease and this machine's own clock. A value
/// without I/O: ``LeaseElection`` passes the observed states and their times to it, and performs the writes that it
/// requests.
///
/// The clocks of two machines are never compared. A process may acquire another holder's lease once it has itself seen
/// the lease unchanged for the lease's whole duration. The holder stops leading earlier: when it could not renew the
/// lease for a shorter time, counted from the start of its last successful renewal. This leaves a pause between two
/// leaders, whatever their clocks show. A write that arrives too late is rejected, because it names a version that is
/// no longer stored.
struct LeaseDecision: Sendable {
    /// The times of the election.
    struct Timing: Sendable, Hashable {
        /// The time without a change after which any process may acquire the lease.
        var duration: Duration
        /// The time without a renewal after which the holder no longer leads.
        var renewDeadline: Duration
        /// The time between two renewals.
        var renewInterval: Duration
        /// The time until a failed write is tried again.
        var retryInterval: Duration { renewInterval / 4 }
        /// The longest time that one write may take.
        var writeTimeout: Duration { renewDeadline / 2 }

        /// Derives all times from the fail-over time. A leader renews its lease four times within that time, and leads
        /// for three quarters of it without a renewal, so that there is a pause before another process may lead.
        init(failover: Duration) {
            duration = failover
            renewDeadline = failover * 3 / 4
            renewInterval = failover / 4
        }
    }

    /// The next action.
    enum Action: Sendable, Hashable {
        /// Decide again at that time, or when the lease changes.
        case rest(until: Duration)
        /// Write the lease: create it if the record's version is empty, otherwise replace that version.
        case write(LeaseRecord)
    }

    private let identity: String
    private let timing: Timing
    private var record: LeaseRecord?
    /// The time at which the newest state of the lease was first seen.
    private var seenAt: Duration
    /// The start of the write that made or kept this process the holder.
    private var heldSince: Duration?
    /// The newest write, answered or not: its renew time and its start.
    private var attempt: (renewTime: String, begin: Duration)?
    /// The earliest time of the next write.
    private var nextWrite: Duration
    private var hasResigned = false

    /// - Parameter now: the current time. The lease counts as first seen at this time, so a process that starts waits
    ///   for a whole duration of another holder's lease.
    init(identity: String, timing: Timing, now: Duration) {
        self.identity = identity
        self.timing = timing
        seenAt = now
        nextWrite = now
    }

    /// Returns true if this process leads at that time.
    func isLeader(at now: Duration) -> Bool {
        guard !hasResigned, let heldSince else { return false }
        return now - heldSince < timing.renewDeadline
    }

    /// Returns the time until another process may lead; zero if this process does not lead. Writes of this process as
    /// the leader must end within that time.
    func remaining(at now: Duration) -> Duration {
        guard isLeader(at: now), let heldSince else { return .zero }
        return heldSince + timing.duration - now
    }

    /// Applies the observed state of the lease; `nil` if there is no lease.
    mutating func see(_ newer: LeaseRecord?, at now: Duration) {
        guard newer != record, !isOlder(newer) else { return }
        record = newer
        seenAt = now
        guard let newer, newer.holder == identity else {
            heldSince = nil
            return
        }
        // The response to a write may be late or lost, so the stored record counts.
        if let attempt, attempt.renewTime == newer.renewTime { hold(since: attempt.begin) }
    }

    /// Returns the action at that time.
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

    /// Records the start of a write.
    mutating func began(_ record: LeaseRecord, at now: Duration) { attempt = (record.renewTime, now) }

    /// Records the success of a write that began at `begin`; `record` is the lease as stored now.
    mutating func wrote(_ record: LeaseRecord, begunAt begin: Duration, at now: Duration) {
        see(record, at: now)
        if record.holder == identity { hold(since: begin) }
    }

    /// Records the failure of a write. A leader leads until its deadline and tries again meanwhile.
    mutating func failed(at now: Duration) { nextWrite = now + timing.retryInterval }

    /// Ends the leadership of this process for good.
    /// - Returns: the record to write so that another process need not wait; `nil` if this process does not hold the
    ///   lease.
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

    /// Returns true if the watch reports an older state than a response has already shown. Resource versions are
    /// growing numbers in every existing API server. If they are not numbers, the state that arrives last counts.
    private func isOlder(_ newer: LeaseRecord?) -> Bool {
        guard let known = (record?.resourceVersion).flatMap({ UInt64($0) }),
            let other = (newer?.resourceVersion).flatMap({ UInt64($0) })
        else { return false }
        return other < known
    }

    /// The earliest time at which this process may write the lease.
    private var mayWrite: Duration {
        guard let record, !record.holder.isEmpty, record.holder != identity else { return seenAt }
        // The holder observes the duration in its record, which differs from this process's while the setting is being
        // changed.
        return seenAt + max(timing.duration, record.duration)
    }
}
