import F2SSystem

/// Computes the pause between two scans of the folder. Up to the longest pause, scans that find nothing use at most a
/// two-hundredth of one core, however many files there are. The kernel's notices report most changes anyway.
///
/// Only processor time counts. A scan that had to wait for the file system or for a busy machine is no reason to scan
/// less often: the declarations of all functions would be late, and all at once.
struct ScanPace: Sendable {
    /// The shortest pause between two scans.
    let interval: Duration
    /// The shortest pause while a change may be incomplete.
    let stabilisationTime: Duration

    private static let pauseMax = Duration.seconds(15)
    /// The longest pause while a change may be incomplete.
    private static let unsettledPauseMax = Duration.seconds(5)

    /// Returns the pause after a scan.
    /// - Parameters:
    ///   - cost: The processor time of the scan.
    ///   - unstableScans: The number of scans in a row, this one included, that found a change which may be incomplete.
    ///     The first of them is repeated after ``stabilisationTime``, whatever it cost.
    func pause(after cost: Duration, unstableScans: Int) -> Duration {
        switch unstableScans {
        case 0: min(max(interval, cost * 200), Self.pauseMax)
        case 1: stabilisationTime
        default: min(max(stabilisationTime, cost * 10), Self.unsettledPauseMax)
        }
    }

    /// Runs `work` and measures the processor time that it uses on this thread.
    static func measured<Value>(_ work: () -> Value) -> (value: Value, cost: Duration) {
        let began = SystemClock.threadProcessorTime()
        let value = work()
        return (value, SystemClock.threadProcessorTime() - began)
    }
}
