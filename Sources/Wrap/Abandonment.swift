import Synchronization

/// Gives up on one invocation: the first reason counts, and what must then be done is done at once.
///
/// Whoever finds a reason (a timer, the connection, a cancelled task) knows nothing of how far the invocation is. The
/// invocation says that itself, by the action that it leaves here: leave the queue, kill the process.
final class Abandonment: Sendable {
    /// Why nobody wants the answer any more.
    enum Reason: Sendable, Hashable {
        /// The client has closed its connection, or its request ended in the middle.
        case clientGone
        /// Time is over.
        case timedOut
    }

    private struct State {
        var reason: Reason?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Why, once somebody has given up.
    var reason: Reason? { state.withLock { $0.reason } }

    /// Gives up. Only the first reason counts. It must not be called from a cancellation handler: the action may resume
    /// the task.
    func abandon(_ reason: Reason) {
        state.withLock { state in
            guard state.reason == nil else { return }
            state.reason = reason
            // Under the lock, so that after `forget` returns no action runs any more: a process identifier that has
            // been given back must not be killed. Actions are one system call or one resumption.
            state.action?()
            state.action = nil
        }
    }

    /// What to do when somebody gives up; at once, if somebody has.
    func onAbandon(_ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard state.reason == nil else { return action() }
            state.action = action
        }
    }

    /// Takes the action back.
    func forget() { state.withLock { $0.action = nil } }
}
