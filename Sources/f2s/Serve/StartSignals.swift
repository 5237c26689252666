import UnixSignals

/// Hears SIGTERM and SIGINT before the services run, which hear them from then on.
///
/// To find out where F2S runs may take a minute while an API server is away. A container's first process ignores a
/// signal that it does not handle, and would be killed only when its grace period is over.
enum StartSignals {
    /// The result of `body`; `nil`: a signal came first, and `body` was cancelled.
    static func unlessSignalled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
