import UnixSignals

/// Handles SIGTERM and SIGINT until the services run and handle them.
///
/// Without a reachable API server, the setup of the platform may take a minute. A container's first process ignores
/// signals without a handler, so it would be killed only after its grace period.
enum StartSignals {
    /// Returns the result of `body`, or `nil` if a signal arrived first and `body` was cancelled.
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
