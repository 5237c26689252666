import F2SModel
import Glibc

/// The limit of open files and connections of this process.
enum FileLimit {
    /// Raises the soft limit to the hard limit. Each connection and each replica needs descriptors; the usual soft
    /// limit of 1024 exists for programs that use `select`.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // A failure is ignored: the limit stays as it was.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Returns the budget of descriptors within the soft limit.
    static func budget() -> DescriptorBudget {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .unlimited }
        return DescriptorBudget(limit: Int(clamping: limit.rlim_cur))
    }

    /// Makes the Swift runtime open the descriptors of its timers, which it does at the first sleep. Without a free
    /// descriptor at that time, it would end the process.
    static func openTimers() async {
        // A cancellation is ignored: the process is about to end.
        try? await Task.sleep(for: .nanoseconds(1), clock: .continuous)
        try? await Task.sleep(for: .nanoseconds(1), clock: .suspending)
    }
}
