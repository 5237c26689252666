import AsyncHTTPClient
import F2SModel
import NIOCore

/// A sleep that releases its timer as soon as its task is cancelled. `Task.sleep` keeps the timer until the time is
/// over: if each call has a time-out of a minute, the timers of all calls of the last minute stay in memory.
enum CancellableSleep {
    /// Waits for `duration`.
    /// - Throws: `CancellationError`, as soon as the task is cancelled.
    static func sleep(for duration: Duration) async throws {
        let loop = HTTPClient.defaultEventLoopGroup.any()
        let promise = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: TimeAmount(duration)) { promise.succeed() }
        try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            timer.cancel()
            // A promise that is fulfilled already ignores this.
            promise.fail(CancellationError())
        }
    }
}

/// Runs `body` and cancels it after `limit`. Returns when `body` has ended.
func withTimeout(_ limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup { group in
        group.addTask { await body() }
        group.addTask { try? await CancellableSleep.sleep(for: limit) }
        await group.next()
        group.cancelAll()
    }
}
