public import CLinux
import Glibc

/// Starts threads of the system.
public enum SystemThread {
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

    /// Starts a thread that ends when `body` returns.
    /// - Parameter name: The thread's name, at most 15 bytes.
    /// - Returns: The thread, which the caller must join or detach, and 0; or the error number of pthread_create(3).
    public static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) -> (thread: pthread_t, code: Int32) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // This balances the retain above. The argument is the pointer that is passed below.
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        if code != 0 { start.release() }
        return (thread, code)
    }

    /// Blocks the calling thread for a time, also if signals arrive.
    public static func sleep(seconds: Int) {
        var time = timespec(tv_sec: seconds, tv_nsec: 0)
        var left = time
        // A signal interrupts the wait; it goes on with the remaining time.
        while nanosleep(&time, &left) != 0, errno == EINTR { time = left }
    }

    /// Starts a thread that cannot be joined and ends when `body` returns.
    /// - Parameter name: The thread's name, at most 15 bytes.
    /// - Returns: 0, or the error number of pthread_create(3).
    public static func startDetached(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        let (thread, code) = start(name: name, body)
        if code == 0 { pthread_detach(thread) }
        return code
    }
}
