import Synchronization

/// The slots for commands that run at the same time. Invocations without a slot wait in the order of arrival. The limit
/// of connections bounds their number, because a connection has one request at a time.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiters: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextTicket: UInt64 = 0
    }

    private let state: Mutex<State>

    /// Creates `count` slots, but at least one.
    init(count: Int) { state = Mutex(State(free: max(1, count))) }

    /// The number of invocations that wait.
    var waiting: Int { state.withLock { $0.waiters.count } }

    /// Waits for a slot. Returns `false` if the invocation was cancelled; then there is no slot to release.
    func acquire(unless abandonment: CancellationToken) async -> Bool {
        let isGranted = await withCheckedContinuation { continuation in
            let ticket: UInt64? = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return nil
                }
                state.nextTicket += 1
                state.waiters.append((state.nextTicket, continuation))
                return state.nextTicket
            }
            guard let ticket else { return continuation.resume(returning: true) }
            abandonment.onAbandon { self.leave(ticket) }
        }
        abandonment.forget()
        return isGranted
    }

    /// Releases a slot. The first waiter gets it, if there is one.
    func release() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        // The task is resumed outside the lock, for the reason in ``BodyRelay``.
        next?.resume(returning: true)
    }

    private func leave(_ ticket: UInt64) {
        let leaver = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiters.remove(at: index).continuation
        }
        leaver?.resume(returning: false)
    }
}
