import ServiceLifecycle

/// A part that begins only when something else has come so far.
struct Deferred: Service {
    /// Returns when it may begin, or is cancelled.
    let until: @Sendable () async -> Void
    let service: any Service

    func run() async throws {
        await cancelWhenGracefulShutdown { await until() }
        // Shutdown may come first.
        if !Task.isCancelled, !Task.isShuttingDownGracefully { try await service.run() }
    }
}
