import Synchronization

/// The right to run a command, as often as commands may run at once. Who finds none waits in order of arrival; waiters
/// are
/// bounded by the connections, since a connection has one request at a time.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiters: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextTicket: UInt64 = 0
    }

    private let state: Mutex<State>

    /// `count` commands at once, at least one.
    init(count: Int) { state = Mutex(State(free: max(1, count))) }

    /// Invocations that wait.
    var waiting: Int { state.withLock { $0.waiters.count } }

    /// Waits for a slot. `false`: somebody has given up meanwhile, and there is none to give back.
    func acquire(unless abandonment: Abandonment) async -> Bool {
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

    /// Gives a slot back: to the first waiter, if there is one.
    func release() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        // Outside the lock, for the reason that ``BodyRelay`` gives.
        next?.resume(returning: true)
    }

    private func leave(_ ticket: UInt64) {
        let leaver = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let place = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiters.remove(at: place).continuation
        }
        leaver?.resume(returning: false)
    }
}
