import F2SConfig
import F2SDispatcher
import F2SModel
import F2SOperator
import Logging
import ServiceLifecycle

/// Carries declarations and settings down to the dispatcher. Begins only once the platform has been read: before that,
/// an empty table would answer 404 where a function is declared.
struct Wiring: Service {
    let place: Place
    let settings: SettingsFile
    let logs: LogOutput
    let dispatcher: Dispatcher
    /// `nil` where F2S is one process.
    let link: PeerLink?
    let readiness: Latest<Bool>
    /// Told of each snapshot that the dispatcher was given.
    let routed: Latest<FunctionSnapshot>
    let logger: Logger
    let descriptors: DescriptorBudget
    /// Called once, when every function that is declared can be invoked.
    let whenServing: @Sendable (FunctionSnapshot) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await carryFunctions() }
                tasks.addTask { await acceptAtLast() }
                tasks.addTask { await carrySettings() }
                tasks.addTask { await carryAddresses() }
                tasks.addTask { await carryTokens() }
            }
        }
    }

    private func carryFunctions() async {
        await place.waitUntilLoaded()
        guard !Task.isCancelled else { return }
        let isServing = Latest(false)
        await StoreFollower(place.platform.functions, logger: logger).run { snapshot in
            let isOnlyStatuses = isServing.current && snapshot.changes(since: routed.current).isOnlyStatuses
            // First whose a function is, or it would be granted here until that is known.
            if !isOnlyStatuses {
                link?.take(snapshot)
                dispatcher.apply(snapshot)
            }
            routed.publish(snapshot)
            guard !isServing.current else { return }
            isServing.publish(true)
            dispatcher.beginAccepting()
            readiness.publish(true)
            whenServing(snapshot)
        }
    }

    /// Connections that wait while a crashed process is started anew get an answer in any case.
    private func acceptAtLast() async {
        try? await Task.sleep(for: Self.acceptPatience)
        dispatcher.beginAccepting()
    }

    private static let acceptPatience = Duration.seconds(10)

    private func carryAddresses() async {
        guard let addresses = place.functionAddresses else { return }
        for await addresses in addresses.values() { dispatcher.refuse(atManagement: addresses) }
    }

    private func carryTokens() async {
        guard let tokens = place.tokens else { return }
        for await tokens in tokens.values() { dispatcher.trust(tokens) }
    }

    private func carrySettings() async {
        for await settings in settings.latest.values() {
            logs.set(settings.logFormat)
            dispatcher.apply(Application.tuning(settings, descriptors))
        }
    }
}
