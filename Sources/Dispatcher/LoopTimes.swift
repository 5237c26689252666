import F2SModel

/// The timeouts of the settings in nanoseconds. They are converted when the settings change and not for each request,
/// because a `Duration` counts in 128 bits (700 instructions of a small request).
struct LoopTimes {
    let scaling: UInt64
    let http: UInt64
    let abandoned: UInt64
    let head: UInt64
    let idle: UInt64
    let tunnelIdle: UInt64
    let upstreamIdle: UInt64

    init(_ tuning: DispatcherSettings.Tuning) {
        scaling = tuning.timeouts.scaling.nanoseconds
        http = tuning.timeouts.http.nanoseconds
        abandoned = tuning.timeouts.abandoned.nanoseconds
        head = tuning.limits.headTimeout.nanoseconds
        idle = tuning.limits.idleTimeout.nanoseconds
        tunnelIdle = tuning.limits.tunnelIdleTimeout.nanoseconds
        upstreamIdle = tuning.limits.upstreamIdleTimeout.nanoseconds
    }
}

extension Duration {
    /// The duration in whole nanoseconds: zero if it is negative, and the largest value that a deadline can hold if it
    /// does not fit.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 4_000_000_000 else { return 4_000_000_000_000_000_000 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
