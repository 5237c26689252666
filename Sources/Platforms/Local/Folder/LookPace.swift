import Glibc

/// The pause between two looks at the folder. At most a two-hundredth of one core goes into looks that find
/// nothing, however many files there are: the kernel's notices tell of most changes anyway.
///
/// Only processor time counts. A look that had to wait, for the file system or for its turn on a busy machine, is no
/// reason to look less often: declarations of all functions would be late, and all at once.
struct LookPace: Sendable {
    /// Shortest time between two looks.
    let interval: Duration
    /// The same while a change has yet to settle.
    let settlingTime: Duration

    private static let pauseMax = Duration.seconds(15)
    /// The same while a change has yet to settle.
    private static let unsettledPauseMax = Duration.seconds(5)

    /// The pause after a look that took so much processor time.
    /// - Parameter unsettledLooks: looks in a row, this one included, that have found a change which has yet to settle.
    ///   The first of them is followed by another as soon as the change may have settled, whatever it took.
    func pause(after cost: Duration, unsettledLooks: Int) -> Duration {
        switch unsettledLooks {
        case 0: min(max(interval, cost * 200), Self.pauseMax)
        case 1: settlingTime
        default: min(max(settlingTime, cost * 10), Self.unsettledPauseMax)
        }
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
