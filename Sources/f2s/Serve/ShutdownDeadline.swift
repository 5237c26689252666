import F2SSystem
import Glibc

/// Ends the process when a graceful shutdown takes too long. It needs no resource that may be exhausted or blocked: no
/// descriptor, no thread of a pool, no lock. Replicas end too, because the launcher detects the end of the process.
enum ShutdownDeadline {
    /// The exit status of a process that did not shut down in time.
    static let exitStatus: Int32 = 75

    /// Starts the deadline. The process is ended after `duration`, rounded up to whole seconds.
    static func arm(after duration: Duration) {
        let (whole, rest) = duration.components
        let seconds = max(1, Int(whole) + (rest > 0 ? 1 : 0))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                SystemThread.sleep(seconds: Int(bitPattern: argument))
                let text = "f2s did not shut down in time and is ended now.\n"
                var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                // Writing to a full pipe without a reader would block forever.
                if poll(&ready, 1, 0) == 1 { _ = write(STDERR_FILENO, text, text.utf8.count) }
                _exit(ShutdownDeadline.exitStatus)
            }, UnsafeMutableRawPointer(bitPattern: seconds))
        if code == 0 { pthread_detach(thread) }
    }
}
