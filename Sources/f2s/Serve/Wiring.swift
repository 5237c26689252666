import F2SConfig
import F2SDispatcher
import F2SLocal
import F2SModel
import ServiceLifecycle

/// Carries declarations and settings down to the dispatcher. Begins only once the folder has been read: before that, an
/// empty table would answer 404 where a function is declared.
struct Wiring: Service {
    let local: LocalPlatform
    let settings: SettingsFile
    let dispatcher: Dispatcher
    let readiness: Latest<Bool>
    /// Called once, when every function that is declared can be invoked.
    let whenServing: @Sendable (FunctionSnapshot) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await carryFunctions() }
                tasks.addTask { await carrySettings() }
            }
        }
    }

    private func carryFunctions() async {
        await local.waitUntilLoaded()
        // Following ends by cancellation only; what it throws then says nothing new.
        try? await local.platform.functions.withSnapshots { snapshots in
            var isFirst = true
            for await snapshot in snapshots {
                dispatcher.apply(snapshot)
                guard isFirst else { continue }
                isFirst = false
                readiness.publish(true)
                whenServing(snapshot)
            }
        }
    }

    private func carrySettings() async {
        for await settings in settings.latest.values() { dispatcher.apply(Application.tuning(settings)) }
    }
}
