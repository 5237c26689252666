import Synchronization

/// Delays calls according to a ``TokenGate``.
final class RateLimiter: Sendable {
    private struct State {
        var gate: TokenGate
        var nextCaller: UInt64 = 0
    }

    private let state: Mutex<State>
    private let timing: Timing

    init(_ gate: TokenGate, timing: Timing) {
        state = Mutex(State(gate: gate))
        self.timing = timing
    }

    /// Returns when the caller may send its call.
    /// - Throws: ``KubernetesError/timeout(_:)`` if too many calls wait, ``KubernetesError/cancelled`` if the task is
    ///   cancelled.
    func pass(_ priority: Priority) async throws(KubernetesError) {
        let now = timing.now()
        let (id, first) = state.withLock { state in
            state.nextCaller += 1
            return (state.nextCaller, state.gate.ask(state.nextCaller, priority, at: now))
        }
        var verdict = first
        while true {
            switch verdict {
            case .pass: return
            case .refuse: throw .timeout("too many calls wait for their turn")
            case .later(let pause):
                do {
                    try await timing.pause(pause)
                } catch {
                    state.withLock { $0.gate.leave(id, priority) }
                    throw .cancelled
                }
            }
            let now = timing.now()
            verdict = state.withLock { $0.gate.ask(id, priority, at: now) }
        }
    }
}
