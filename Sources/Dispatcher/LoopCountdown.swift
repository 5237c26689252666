import Synchronization

/// Calls back when every event loop has read its message with this countdown, and so all earlier messages.
final class LoopCountdown: Sendable {
    private let left: Atomic<Int>
    private let whenDone: @Sendable () -> Void

    /// - Parameter loops: The number of loops, at least 1.
    init(loops: Int, whenDone: @escaping @Sendable () -> Void) {
        left = Atomic(loops)
        self.whenDone = whenDone
    }

    /// Counts one loop that has read its message. The last one calls back.
    func countDown() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenDone() }
    }
}
