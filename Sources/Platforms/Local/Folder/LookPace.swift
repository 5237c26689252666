import Glibc

/// How long to wait between two looks at the folder: at most a fiftieth of one core goes into looking, however many
/// files there are.
///
/// Only processor time counts. A look that had to wait, for the file system or for its turn on a busy machine, is no
/// reason to look less often: declarations of all functions would be late, and all at once.
struct LookPace: Sendable {
    /// Shortest time between two looks.
    let interval: Duration
    /// The same while a change has yet to settle.
    let settlingTime: Duration

    private static let pauseMax = Duration.seconds(5)

    /// The pause after a look that took so much processor time.
    func pause(after cost: Duration, isSettled: Bool) -> Duration {
        min(isSettled ? max(interval, cost * 50) : max(settlingTime, cost * 10), Self.pauseMax)
    }

    /// Does some work and measures the processor time that it took on this thread.
    static func measured<Value>(_ work: () -> Value) -> (value: Value, cost: Duration) {
        let began = threadTime
        let value = work()
        return (value, threadTime - began)
    }

    private static var threadTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
