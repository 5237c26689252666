import CLinux
import Glibc
import Synchronization

/// A supervisor that was started: signals go to it, its lifeline ends it, and its end can be awaited.
final class Child: Sendable {
    private struct State {
        /// Write end of its standard input; -1: closed.
        var lifeline: Int32
        /// Whether its process ID may be somebody else's by now.
        var isReaped = false
        var ending: ChildLoop.Ending?
        var waiter: CheckedContinuation<ChildLoop.Ending, Never>?
    }

    /// Its process ID.
    let process: Int32
    private let state: Mutex<State>

    init(process: Int32, lifeline: Int32) {
        self.process = process
        state = Mutex(State(lifeline: lifeline))
    }

    /// Sends a signal, unless it has ended.
    func send(_ signal: Int32) {
        state.withLock { state in
            if !state.isReaped { kill(process, signal) }
        }
    }

    /// Closes the lifeline: the supervisor kills everything and ends.
    func cutLifeline() {
        state.withLock { state in
            if state.lifeline >= 0 { close(state.lifeline) }
            state.lifeline = -1
        }
    }

    /// Reaps it if it has ended.
    func reap() -> ChildLoop.Ending? {
        state.withLock { state in
            guard !state.isReaped else { return nil }
            var status: Int32 = 0
            let result = f2s_reap(process, &status)
            guard result != 0 else { return nil }
            state.isReaped = true
            return ChildLoop.Ending(status: Int(status), wasKilled: result == 2)
        }
    }

    /// It has ended, and everything that it wrote has been read.
    func end(_ ending: ChildLoop.Ending) {
        cutLifeline()
        let waiter = state.withLock { state in
            state.isReaped = true
            state.ending = ending
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: ending)
    }

    /// Returns once it has ended; to be awaited once. Cancellation does not end the wait: it cuts the lifeline.
    func ended() async -> ChildLoop.Ending {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ending = state.withLock { state in
                    if state.ending == nil { state.waiter = continuation }
                    return state.ending
                }
                if let ending { continuation.resume(returning: ending) }
            }
        } onCancel: {
            cutLifeline()
        }
    }
}
