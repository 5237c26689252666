import Glibc

/// Ends the process when an orderly end takes too long. It needs nothing that may have run out or hang: no descriptor,
/// no thread of a pool, no lock. Replicas end with the process, because the launcher notices it.
enum ShutdownDeadline {
    /// Exit status of a process that did not end in time.
    static let exitStatus: Int32 = 75

    /// Begins to count. Whatever is left of the process after `duration`, in whole seconds rounded up, is ended.
    static func arm(after duration: Duration) {
        let (whole, rest) = duration.components
        let seconds = max(1, Int(whole) + (rest > 0 ? 1 : 0))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                var time = timespec(tv_sec: Int(bitPattern: argument), tv_nsec: 0)
                var left = time
                // A signal interrupts the wait, and leaves what is left of it.
                while nanosleep(&time, &left) != 0, errno == EINTR { time = left }
                let text = "f2s did not end in time after it was told to, and is ended now.\n"
                var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                // A pipe that nothing reads would keep the process for good.
                if poll(&ready, 1, 0) == 1 { _ = write(STDERR_FILENO, text, text.utf8.count) }
                _exit(ShutdownDeadline.exitStatus)
            }, UnsafeMutableRawPointer(bitPattern: seconds))
        if code == 0 { pthread_detach(thread) }
    }
}
