import Glibc

/// Runs every job on its own thread.
///
/// End-to-end tests use blocking calls for sockets and processes, because these are simple and exact. On the shared
/// pool such calls would occupy the threads that all other tests need.
package final class ThreadPerJob: TaskExecutor {
    private final class Errand {
        let job: UnownedJob
        let executor: ThreadPerJob

        init(_ job: UnownedJob, on executor: ThreadPerJob) {
            self.job = job
            self.executor = executor
        }

        func run() { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let errand = Unmanaged.passRetained(Errand(UnownedJob(job), on: self))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { given in
                if let given { Unmanaged<Errand>.fromOpaque(given).takeRetainedValue().run() }
                return nil
            }, errand.toOpaque())
        if failure == 0 {
            pthread_detach(thread)
        } else {
            // No thread could be created: the job runs on the caller's thread, so that it still runs.
            errand.takeRetainedValue().run()
        }
    }
}
