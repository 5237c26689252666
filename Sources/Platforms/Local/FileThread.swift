import Synchronization

/// Runs work on files, one piece after the other, on a thread of its own.
///
/// A file system may block whoever asks it for as long as it likes. On the cooperative pool that would take a thread
/// from everything else. The thread exists only while there is work.
final class FileThread: Sendable {
    /// Why work was not done.
    enum Failure: Error, Sendable, Hashable {
        /// It did not end within its time. Work that had not begun by then is never done.
        case tookTooLong(Duration)
        /// More work waits than is allowed, or no thread can be started.
        case busy
    }

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private static let queueMax = 64

    private let state = Mutex(State())

    init() {}

    /// Returns what `work` returns. A caller whose task is cancelled, or whose time is over, does not wait for it.
    /// - Throws: what `work` throws, ``Failure``, or `CancellationError`.
    func run<Value: Sendable>(
        within limit: Duration = .seconds(600), _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let piece = Piece(work)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled means that the work has ended.
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

    /// Queues work and starts the thread if there is none; `false` when that is not possible.
    private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.queue.count < Self.queueMax else { return false }
            if !state.isRunning {
                guard DetachedThread.start(name: "f2s-files", { self.drain() }) == 0 else { return false }
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

        /// The first end counts.
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
