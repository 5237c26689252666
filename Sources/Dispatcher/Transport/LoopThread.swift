import CLinux
import Glibc

/// A thread for one event loop, which can be joined.
struct LoopThread: Sendable {
    private let thread: pthread_t

    /// Starts the thread.
    /// - Throws: An error if the system cannot create another thread.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // Balances the caller's retain. The argument is never nil: it is the pointer that was passed below.
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Waits until the body has returned. Must be called only once.
    func join() { pthread_join(thread, nil) }

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // `top -H` and debuggers show the name.
            f2s_name_thread(name)
            body()
        }
    }
}
