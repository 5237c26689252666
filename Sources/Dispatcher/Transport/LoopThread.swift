import F2SSystem
import Glibc

/// A thread for one event loop, which can be joined.
struct LoopThread: Sendable {
    private let thread: pthread_t

    /// Starts the thread.
    /// - Throws: An error if the system cannot create another thread.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let (thread, code) = SystemThread.start(name: name, body)
        guard code == 0 else { throw SystemError(call: "pthread_create", code: code) }
        self.thread = thread
    }

    /// Waits until the body has returned. Must be called only once.
    func join() { pthread_join(thread, nil) }
}
