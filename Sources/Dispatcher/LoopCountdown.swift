import Synchronization

/// Calls back when every event loop has read its message about it, and so all messages before that one.
final class LoopCountdown: Sendable {
    private let left: Atomic<Int>
    private let whenDone: @Sendable () -> Void

    /// - Parameter loops: at least 1.
    init(loops: Int, whenDone: @escaping @Sendable () -> Void) {
        left = Atomic(loops)
        self.whenDone = whenDone
    }

    /// One loop has read it. The last one calls back.
    func countDown() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenDone() }
    }
}
