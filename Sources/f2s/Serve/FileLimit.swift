import F2SModel
import Glibc

/// How many files and connections this process may have open.
enum FileLimit {
    /// Raises the soft limit to the hard one: each connection and each replica needs descriptors, and the usual soft
    /// limit of 1024 is there for programs that use `select`.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // A refusal leaves the limit as it was, which is what it was before.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// What the soft limit leaves for connections.
    static func budget() -> DescriptorBudget {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .unlimited }
        return DescriptorBudget(limit: Int(clamping: limit.rlim_cur))
    }

    /// Makes the runtime open what it opens when it first waits for a time: it cannot do without, and ends the process
    /// when it gets no descriptor for it.
    static func openTimers() async {
        // Cancelled means that the process is about to end.
        try? await Task.sleep(for: .nanoseconds(1), clock: .continuous)
        try? await Task.sleep(for: .nanoseconds(1), clock: .suspending)
    }
}
