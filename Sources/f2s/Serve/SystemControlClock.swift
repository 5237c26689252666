import F2SModel
import F2SSystem

/// The clocks of the machine, as the control plane needs them.
struct SystemControlClock: ControlClock {
    private let start = ContinuousClock.now

    /// Returns the time since this clock was created, including the time that the machine was suspended.
    func now() -> Duration { start.duration(to: .now) }

    /// Returns the machine's time of day, in seconds since 1970.
    func secondsSince1970() -> Double { SystemClock.secondsSince1970() }

    /// Suspends the task without blocking a thread.
    func sleep(for duration: Duration) async throws { try await ContinuousClock().sleep(for: duration) }
}
