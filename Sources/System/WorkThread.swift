import Synchronization

/// Runs slow work one piece after the other on a thread of its own: file operations, or the check of a password.
///
/// A file system may block a caller indefinitely. On the cooperative pool, a blocked call would deprive all other tasks
/// of a thread. The thread exists only while there is work.
public final class WorkThread: Sendable {
    /// The errors of ``run(within:_:)`` itself.
    public enum Failure: Error, Sendable, Hashable {
        /// The work did not end within its time limit. Work that had not begun by then never runs.
        case tookTooLong(Duration)
        /// The queue is full, or no thread can be started.
        case busy
    }

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let name: String
    private let queueMax: Int
    private let state = Mutex(State())

    /// Creates a thread, which is started when there is work.
    /// - Parameters:
    ///   - name: The thread's name, at most 15 bytes.
    ///   - queueMax: The number of pieces of work that may wait.
    public init(name: String, queueMax: Int = 64) {
        self.name = name
        self.queueMax = queueMax
    }

    /// Runs `work` on the thread and returns its result. The wait ends when the task is cancelled or the time limit has
    /// passed.
    /// - Throws: The error that `work` throws, ``Failure``, or `CancellationError`.
    public func run<Value: Sendable>(
        within limit: Duration = .seconds(600), _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let piece = Piece(work)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // If the sleep is cancelled, the wait is over already.
                if (try? await Task.sleep(for: limit)) != nil { piece.end(.failure(Failure.tookTooLong(limit))) }
            }
            defer { group.cancelAll() }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    piece.await(continuation)
                    if !submit({ piece.run() }) { piece.end(.failure(Failure.busy)) }
                }
            } onCancel: {
                piece.end(.failure(CancellationError()))
            }
        }
    }

    /// Queues work and starts the thread if none runs. Returns `false` if the queue is full or no thread can start.
    private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.queue.count < queueMax else { return false }
            if !state.isRunning {
                guard SystemThread.startDetached(name: name, { self.drain() }) == 0 else { return false }
                state.isRunning = true
            }
            state.queue.append(work)
            return true
        }
    }

    private func drain() {
        while true {
            let next = state.withLock { state -> (@Sendable () -> Void)? in
                state.isRunning = !state.queue.isEmpty
                return state.queue.isEmpty ? nil : state.queue.removeFirst()
            }
            guard let next else { return }
            next()
        }
    }

    /// One piece of work, and the caller that waits for it.
    private final class Piece<Value: Sendable>: Sendable {
        private struct State {
            var continuation: CheckedContinuation<Value, any Error>?
            var outcome: Result<Value, any Error>?
        }

        private let work: @Sendable () throws -> Value
        private let state = Mutex(State())

        init(_ work: @escaping @Sendable () throws -> Value) { self.work = work }

        func await(_ continuation: CheckedContinuation<Value, any Error>) {
            let outcome = state.withLock { state in
                if state.outcome == nil { state.continuation = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(with: outcome) }
        }

        func run() {
            guard state.withLock({ $0.outcome == nil }) else { return }
            end(Result { try work() })
        }

        /// Records the outcome and resumes the caller. Only the first call has an effect.
        func end(_ outcome: Result<Value, any Error>) {
            let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
                guard state.outcome == nil else { return nil }
                state.outcome = outcome
                defer { state.continuation = nil }
                return state.continuation
            }
            continuation?.resume(with: outcome)
        }
    }
}
