import AsyncHTTPClient
import F2SModel
import NIOCore

/// Waiting that leaves nothing behind when it is called off. `Task.sleep` keeps its timer until the end of a time that
/// nobody waits for any more: with a time-out of a minute on each call, that is a minute of calls in memory.
enum Alarm {
    /// Waits for `pause`; throws `CancellationError` as soon as the task is cancelled.
    static func pause(_ pause: Duration) async throws {
        let loop = HTTPClient.defaultEventLoopGroup.any()
        let promise = loop.makePromise(of: Void.self)
        let alarm = loop.scheduleTask(in: TimeAmount(pause)) { promise.succeed() }
        try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            alarm.cancel()
            // Of the two, whoever comes first counts.
            promise.fail(CancellationError())
        }
    }
}
