import Glibc
import Synchronization

/// Runs work on a thread of its own and waits for it.
///
/// Yams composes a document by recursion. libyaml ends that at 1000 levels, whose frames are more than the stack of a
/// thread of the pool may have left, and a stack that overflows ends the process.
enum DeepStack {
    /// Bytes of the stack; only what is touched takes memory.
    static let bytes = 64 << 20

    /// What `work` returns; `nil` when no thread can be started.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
        let outcome = Outcome<Value>()
        let job = Unmanaged.passRetained(Job { outcome.value.withLock { $0 = work() } })
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else {
            job.release()
            return nil
        }
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let isStarted =
            pthread_attr_setstacksize(&attributes, bytes) == 0
            && pthread_create(&thread, &attributes, { Job.run($0) }, job.toOpaque()) == 0
        guard isStarted else {
            job.release()
            return nil
        }
        pthread_join(thread, nil)
        return outcome.value.withLock { $0 }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private final class Job: Sendable {
        private let work: @Sendable () -> Void

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }

        static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let pointer else { return nil }
            Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().work()
            return nil
        }
    }
}
