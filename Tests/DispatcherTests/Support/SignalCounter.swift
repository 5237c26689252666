import F2SModel
import Synchronization

/// Counts the arrivals of a signal: one at the start and one per burst.
final class SignalCounter: Sendable {
    private let arrived = Mutex(0)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ signal: Signal) {
        let arrivals = signal.arrivals()
        let task = Task { [weak self] in
            for await _ in arrivals { self?.arrived.withLock { $0 += 1 } }
        }
        self.task.withLock { $0 = task }
    }

    var count: Int { arrived.withLock { $0 } }

    func stop() { task.withLock { $0?.cancel() } }
}
