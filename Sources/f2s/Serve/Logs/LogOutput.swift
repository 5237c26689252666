import F2SConfig
import Synchronization

/// The format of the log lines. Lines that are logged before the settings are read are buffered until then.
final class LogOutput: Sendable {
    private struct State {
        var format: LogFormat?
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// The maximum number of buffered lines. A process logs only a few before it has read its settings.
    private static let waitingMax = 1000

    /// Calls `write` with the format, at once or when it is known.
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

    /// Sets the format of all further lines, and writes the buffered lines.
    func set(_ format: LogFormat) {
        let waiting = state.withLock { state in
            state.format = format
            defer { state.waiting = [] }
            return state.waiting
        }
        for line in waiting { line() }
    }

    /// Writes the buffered lines, as text if the format is not known.
    func flush() {
        let format = state.withLock { $0.format }
        set(format ?? .text)
    }
}
