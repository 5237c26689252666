import ServiceLifecycle

/// A service that starts only after a condition is met.
struct Deferred: Service {
    /// Returns when the service may start, or after a cancellation.
    let until: @Sendable () async -> Void
    let service: any Service

    func run() async throws {
        await cancelWhenGracefulShutdown { await until() }
        // The shutdown may have begun in the meantime.
        if !Task.isCancelled, !Task.isShuttingDownGracefully { try await service.run() }
    }
}
