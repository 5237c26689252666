public import F2SModel
import Synchronization

/// A clock that a test advances by hand.
public final class ManualClock: ControlClock {
    private struct State {
        var now = Duration.zero
        var sleepers: [(until: Duration, wake: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    /// Creates a clock that shows zero.
    public init() {}

    /// Returns the time by which the clock was advanced.
    public func now() -> Duration { state.withLock { $0.now } }
    /// Returns a time of day that advances with the clock.
    public func secondsSince1970() -> Double { 1_700_000_000 + now().inSeconds }

    /// Returns once the clock was advanced by `duration`.
    /// - Throws: `CancellationError` if the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.sleepers.append(($0.now + duration, continuation)) }
        for await _ in stream {}
        try Task.checkCancellation()
    }

    /// Advances the clock and wakes the sleepers whose time has come.
    public func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let now = state.now
            let due = state.sleepers.filter { $0.until <= now }
            state.sleepers.removeAll { $0.until <= now }
            return due
        }
        for sleeper in due { sleeper.wake.finish() }
    }
}
