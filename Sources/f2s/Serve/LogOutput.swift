import F2SConfig
import Synchronization

/// The form that log lines have. Lines from before the settings are read wait for them.
final class LogOutput: Sendable {
    private struct State {
        var format: LogFormat?
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Lines that wait at most; a process says a few before it has read its settings.
    private static let waitingMax = 1000

    /// Runs `write` with the form, now or when it is known.
    func write(_ write: @escaping @Sendable (LogFormat) -> Void) {
        let format = state.withLock { state -> LogFormat? in
            if state.format == nil, state.waiting.count < Self.waitingMax {
                state.waiting.append { [weak self] in
                    if let format = self?.state.withLock({ $0.format }) { write(format) }
                }
            }
            return state.format
        }
        if let format { write(format) }
    }

    /// Sets the form of all lines from now on, and writes those that wait for it.
    func set(_ format: LogFormat) {
        let waiting = state.withLock { state in
            state.format = format
            defer { state.waiting = [] }
            return state.waiting
        }
        for line in waiting { line() }
    }

    /// Writes what waits, in the form for people unless another one is known.
    func flush() {
        let format = state.withLock { $0.format }
        set(format ?? .text)
    }
}
