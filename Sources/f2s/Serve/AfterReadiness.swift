import F2SModel
import ServiceLifecycle

/// A part that begins once invocations are served: its own start must not keep the first of them waiting.
struct AfterReadiness: Service {
    let readiness: Latest<Bool>
    let service: any Service

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await isReady in readiness.values() where isReady { return }
        }
        // Shutdown may come first.
        if readiness.current { try await service.run() }
    }
}
