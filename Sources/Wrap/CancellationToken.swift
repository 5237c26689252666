import Synchronization

/// Cancels one invocation. The first reason counts, and the registered action runs at once.
///
/// The source of a cancellation (a timer, the connection, a cancelled task) does not know the state of the invocation.
/// Therefore the invocation registers the action that fits its state: leave the queue, or kill the process.
final class CancellationToken: Sendable {
    /// The reason for a cancellation.
    enum Reason: Sendable, Hashable {
        /// The client has closed its connection, or its request is incomplete.
        case clientGone
        /// The invocation's time is over.
        case timedOut
    }

    private struct State {
        var reason: Reason?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The reason, once the invocation was cancelled.
    var reason: Reason? { state.withLock { $0.reason } }

    /// Cancels the invocation. Only the first call has an effect. It must not be called from a cancellation handler,
    /// because the action may resume the task.
    func abandon(_ reason: Reason) {
        state.withLock { state in
            guard state.reason == nil else { return }
            state.reason = reason
            // The action runs under the lock, so that none runs after `forget` has returned: a process ID that may
            // belong to another process must not be killed. Actions are one system call or one resumption.
            state.action?()
            state.action = nil
        }
    }

    /// Registers the action for a cancellation. It runs at once if the invocation is cancelled already.
    func onAbandon(_ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard state.reason == nil else { return action() }
            state.action = action
        }
    }

    /// Removes the action.
    func forget() { state.withLock { $0.action = nil } }
}
