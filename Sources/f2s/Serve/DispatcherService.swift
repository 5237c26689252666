import F2SConfig
import F2SDispatcher
import F2SModel
import Logging
import ServiceLifecycle

/// The dispatcher's place among the services: the last to start, so the first to end. It ends when the work in hand is
/// done, while everything that this work needs is still running.
struct DispatcherService: Service {
    let dispatcher: Dispatcher
    let readiness: Latest<Bool>
    let settings: Latest<Settings>
    /// Gives up what another process can take over.
    let leave: @Sendable () async -> Void
    /// What is waited for at the moment.
    let ending: @Sendable () -> EndingText
    let logger: Logger

    /// How often to say what is waited for.
    private static let reminder = Duration.seconds(5)
    /// Time to end beyond what is waited for on purpose: a launcher that does not clean up is given 10 s.
    private static let endMargin = Duration.seconds(15)
    /// How often to look whether work in hand has ended.
    private static let pause = Duration.milliseconds(20)

    func run() async throws {
        try? await gracefulShutdown()
        let current = settings.current
        // Invocations and replicas have their time one after the other.
        ShutdownDeadline.arm(after: current.shutdownDelay + current.limits.drainTimeout * 2 + Self.endMargin)
        await takeLeave()
        await dispatcher.beginDraining()
        await finish()
    }

    /// Whoever sends work here learns over time that it must go elsewhere; until then it is taken as ever.
    private func takeLeave() async {
        // Where it was never ready, nobody sends work here.
        let delay = readiness.current ? settings.current.shutdownDelay : .zero
        readiness.publish(false)
        dispatcher.beginLeaving()
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await leave() }
            // Cancelled means: do not wait any longer.
            tasks.addTask { try? await Task.sleep(for: delay) }
        }
    }

    private func finish() async {
        let limit = settings.current.limits.drainTimeout
        let clock = ContinuousClock()
        let end = clock.now + limit
        var reminded = clock.now
        while dispatcher.currentInvocations > 0, clock.now < end {
            // Cancelled means: do not wait any longer.
            guard (try? await Task.sleep(for: Self.pause)) != nil else { break }
            guard clock.now - reminded >= Self.reminder else { continue }
            reminded = clock.now
            logger.info("\(ending().waiting)")
        }
        let left = dispatcher.currentInvocations
        guard left > 0 else { return }
        logger.warning(
            "Invocations are cut off: \(ending().counted). Raise f2s.limits.drain_timeout if they need longer.",
            metadata: ["invocations": "\(left)", "drain_timeout": "\(limit.humanText)"])
    }
}
