import CLinux
import Glibc

/// A thread for one event loop, which can be waited for.
struct LoopThread: Sendable {
    private let thread: pthread_t

    /// Starts the thread.
    /// - Throws: when the system has no room for another one.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // The one retain of the caller ends here; the argument is never nil, it is what was passed below.
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Waits until the body has returned; once only.
    func join() { pthread_join(thread, nil) }

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // For `top -H` and debuggers.
            f2s_name_thread(name)
            body()
        }
    }
}
