import Glibc

/// The clocks of the machine. Code that decides something gets the time from its caller, so that a test can set it.
public enum SystemClock {
    /// Returns the time since the machine started, in nanoseconds. It never goes back.
    public static func monotonicNanoseconds() -> UInt64 { UInt64(clamping: nanoseconds(of: CLOCK_MONOTONIC)) }

    /// Returns the time since the machine started. It never goes back.
    public static func monotonic() -> Duration { .nanoseconds(nanoseconds(of: CLOCK_MONOTONIC)) }

    /// Returns the wall-clock time in seconds since 1970. It may jump.
    public static func secondsSince1970() -> Double { Double(nanoseconds(of: CLOCK_REALTIME)) / 1e9 }

    /// Returns the processor time that the calling thread has used.
    public static func threadProcessorTime() -> Duration { .nanoseconds(nanoseconds(of: CLOCK_THREAD_CPUTIME_ID)) }

    private static func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        // 64 bits hold the nanoseconds since 1970 until the year 2262.
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
