import CLinux
import Glibc
import Synchronization

/// A replica that was started. A caller can send signals to it, kill it, and wait for its end.
///
/// Signals go through the launcher, because only the launcher knows whether a process ID is still the replica's.
final class Child: Sendable {
    private struct State {
        var status: Int?
        var waiter: CheckedContinuation<Int, Never>?
    }

    /// The replica's ID in messages to the launcher.
    let id: UInt32
    /// The process ID of the replica's command, which leads a process group.
    let process: Int32
    /// The mark of all processes that descend from the command.
    let mark: UInt64
    private let loop: ChildLoop
    private let state = Mutex(State())

    init(id: UInt32, process: Int32, mark: UInt64, loop: ChildLoop) {
        self.id = id
        self.process = process
        self.mark = mark
        self.loop = loop
    }

    /// Sends a signal to the replica's process group, unless its command has ended.
    func send(_ signal: Int32) { loop.ask(f2s_launcher_signal, of: id, value: signal) }

    /// Kills all processes of the replica.
    func kill() { loop.ask(f2s_launcher_kill, of: id) }

    /// Kills the replica and reports it as ended at once, even if one of its processes cannot be killed.
    func abandon() { loop.abandon(id) }

    /// Records the exit status and resumes the waiter. All output of the replica must have been read.
    func end(status: Int) {
        let waiter = state.withLock { state in
            state.status = status
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: status)
    }

    /// Returns the exit status, or 128 + signal, once the replica has ended. It must be awaited only once. Cancellation
    /// does not end the wait; it kills the replica.
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
