import Glibc

/// Runs every job on a thread of its own. Tests from outside talk to sockets and processes with blocking calls,
/// which are simple and exact; on the shared pool they would hold the threads that all other tests run on.
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
            // Without threads left the job runs here: late is better than never.
            errand.takeRetainedValue().run()
        }
    }
}
