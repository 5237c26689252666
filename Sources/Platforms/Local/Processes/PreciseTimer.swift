import CLinux
import F2SSystem
import Glibc
import Synchronization

/// A kernel timer that resumes tasks only some ten microseconds late. `Task.sleep` is a millisecond late.
///
/// A thread must wait for ``file`` and call ``wake()`` when it is readable.
final class PreciseTimer: Sendable {
    private struct State {
        var sleepers: [CheckedContinuation<Bool, Never>] = []
        /// The time of the first expiry, while a task sleeps.
        var expiresAt: Duration = .zero
    }

    /// The timer's descriptor, which is readable once the timer has expired.
    let file: Int32
    private let state = Mutex(State())

    /// - Throws: ``SystemFailure`` if no descriptor is free.
    init() throws(SystemFailure) {
        file = f2s_timer_open()
        guard file >= 0 else { throw SystemFailure(code: errno) }
    }

    deinit { close(file) }

    /// Resumes `sleeper` with `true` after `time`, or earlier together with another sleeper.
    func add(_ sleeper: CheckedContinuation<Bool, Never>, for time: Duration) {
        state.withLock { state in
            let expiry = Moment.now.steady + time
            if state.sleepers.isEmpty || expiry < state.expiresAt {
                state.expiresAt = expiry
                let (seconds, attoseconds) = time.components
                f2s_timer_set(file, max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
            }
            state.sleepers.append(sleeper)
        }
    }

    /// Resumes every sleeper.
    func wake() {
        let sleepers = state.withLock { state in
            // The lock is held, so that this read does not consume the expiry of a later sleeper.
            var count: UInt64 = 0
            _ = read(file, &count, 8)
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.resume(returning: true) }
    }
}
