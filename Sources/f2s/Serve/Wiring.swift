import F2SAccess
import F2SConfig
import F2SDispatcher
import F2SModel
import F2SPeers
import Logging
import ServiceLifecycle

/// Passes declarations and settings to the dispatcher. It passes functions only after the platform has been read:
/// before that, an empty routing table would give 404 for declared functions.
struct Wiring: Service {
    let context: PlatformContext
    let settings: SettingsFile
    let logs: LogOutput
    let requestLog: RequestLogOutput
    let authentication: CallerAuthentication
    /// True if new settings may end the authentication.
    let mayBeUnprotected: Bool
    let dispatcher: Dispatcher
    /// The connection to other F2S processes; `nil` if F2S is a single process.
    let link: PeerLink?
    let readiness: Latest<Bool>
    /// Publishes each snapshot after the dispatcher has received it.
    let routed: Latest<FunctionSnapshot>
    let certificates: ListenerCertificates
    let logger: Logger
    let descriptors: DescriptorBudget
    /// Called once, when every declared function can be invoked.
    let whenServing: @Sendable (FunctionSnapshot) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await carryFunctions() }
                tasks.addTask { await acceptAtLast() }
                tasks.addTask { await carrySettings() }
                tasks.addTask { await carryAddresses() }
                tasks.addTask { await carryTokens() }
                tasks.addTask { await certificates.renewTicketKeys() }
            }
        }
    }

    private func carryFunctions() async {
        await context.waitUntilLoaded()
        guard !Task.isCancelled else { return }
        // The authentication follows the tokens by itself, but perhaps a moment too late for the first caller.
        authentication.applyTokens()
        let isServing = Latest(false)
        await StoreFollower(context.platform.functions, logger: logger).run { snapshot in
            let isOnlyStatuses = isServing.current && snapshot.changes(since: routed.current).isOnlyStatuses
            // The link must know the owners first. Otherwise this process would grant slots that belong to a peer.
            if !isOnlyStatuses {
                link?.apply(snapshot)
                dispatcher.apply(snapshot)
            }
            routed.publish(snapshot)
            guard !isServing.current else { return }
            isServing.publish(true)
            dispatcher.beginAccepting()
            readiness.publish(true)
            context.prepareReplicas()
            whenServing(snapshot)
        }
    }

    /// Accepts connections after a timeout in any case, so that those that wait for a restart get a response.
    private func acceptAtLast() async {
        try? await Task.sleep(for: Self.acceptTimeout)
        dispatcher.beginAccepting()
    }

    private static let acceptTimeout = Duration.seconds(10)

    private func carryAddresses() async {
        guard let addresses = context.functionAddresses else { return }
        for await addresses in addresses.values() { dispatcher.refuse(atManagement: addresses) }
    }

    private func carryTokens() async {
        guard let tokens = context.tokens else { return }
        for await tokens in tokens.values() { dispatcher.trust(tokens) }
    }

    private func carrySettings() async {
        for await settings in settings.latest.values() {
            certificates.applyChange()
            logs.set(settings.logFormat)
            if !self.settings.isUsable {
                // Nothing: callers are refused until there are settings.
            } else if settings.auth.isProtected || mayBeUnprotected {
                authentication.apply(settings.auth)
            } else if authentication.isProtected {
                logger.error(
                    """
                    The settings end the authentication, and other machines can reach F2S: the earlier users, keys and \
                    privileges stay in force. Start F2S with loopback addresses or --allow-unauthenticated.
                    """)
            }
            requestLog.apply(settings, isProtected: authentication.isProtected)
            dispatcher.apply(Application.tuning(settings, descriptors, authentication))
        }
    }
}
