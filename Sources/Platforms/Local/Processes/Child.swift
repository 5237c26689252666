import CLinux
import Glibc
import Synchronization

/// A replica that was started: signals go to it, it can be killed, and its end can be awaited.
///
/// Signals go through the launcher, which alone knows whether a process ID is still the replica's.
final class Child: Sendable {
    private struct State {
        var status: Int?
        var waiter: CheckedContinuation<Int, Never>?
    }

    /// Its ID in messages to the launcher.
    let id: UInt32
    /// Process ID of its command, which leads a process group.
    let process: Int32
    /// The mark of everything that descends from the command.
    let mark: UInt64
    private let loop: ChildLoop
    private let state = Mutex(State())

    init(id: UInt32, process: Int32, mark: UInt64, loop: ChildLoop) {
        self.id = id
        self.process = process
        self.mark = mark
        self.loop = loop
    }

    /// Sends a signal to its process group, unless its command has ended.
    func send(_ signal: Int32) { loop.ask(f2s_launcher_signal, of: id, value: signal) }

    /// Kills everything that belongs to it.
    func kill() { loop.ask(f2s_launcher_kill, of: id) }

    /// Kills it and reports it as ended at once, even if a process of it cannot be killed.
    func abandon() { loop.abandon(id) }

    /// Records its exit status and resumes the waiter. Everything that it wrote must have been read.
    func end(status: Int) {
        let waiter = state.withLock { state in
            state.status = status
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: status)
    }

    /// Returns its exit status, or 128 + signal, once it has ended; to be awaited once. Cancellation does not end the
    /// wait: it kills.
    func ended() async -> Int {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let status = state.withLock { state in
                    if state.status == nil { state.waiter = continuation }
                    return state.status
                }
                if let status { continuation.resume(returning: status) }
            }
        } onCancel: {
            kill()
        }
    }
}
