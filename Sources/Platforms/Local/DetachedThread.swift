import CLinux
import Glibc

/// Starts threads that cannot be joined.
enum DetachedThread {
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

    /// Starts a thread, which ends when `body` returns.
    /// - Parameter name: at most 15 bytes.
    /// - Returns: 0, or the error number of pthread_create(3).
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // The one retain above ends here; the argument is what was passed below.
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, start.toOpaque())
        if code == 0 { pthread_detach(thread) } else { start.release() }
        return code
    }
}
