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
