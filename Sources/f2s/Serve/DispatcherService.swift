import F2SConfig
import F2SDispatcher
import F2SModel
import Logging
import ServiceLifecycle

/// The service of the dispatcher. It starts last and so ends first: it drains the invocations in flight while
/// everything that they need is still running.
struct DispatcherService: Service {
    let dispatcher: Dispatcher
    let readiness: Latest<Bool>
    let settings: Latest<Settings>
    /// Leaves the peers and gives up the leadership, so that another process takes over.
    let leave: @Sendable () async -> Void
    /// Returns the description of the current shutdown state.
    let ending: @Sendable () -> EndingText
    let logger: Logger

    /// The interval between two log lines about the remaining invocations.
    private static let reminder = Duration.seconds(5)
    /// The time for the shutdown in addition to the configured waits. It includes 10 s for a launcher that hangs.
    private static let endMargin = Duration.seconds(15)
    /// The interval between two checks for remaining invocations.
    private static let pause = Duration.milliseconds(20)

    func run() async throws {
        try? await gracefulShutdown()
        let current = settings.current
        // The drain timeout counts twice: first for invocations, then for replicas.
        ShutdownDeadline.arm(after: current.shutdownDelay + current.limits.drainTimeout * 2 + Self.endMargin)
        await leaveRouting()
        await dispatcher.beginDraining()
        await finish()
    }

    /// Reports this process as not ready and goes on serving for the shutdown delay, until clients and load balancers
    /// use other processes.
    private func leaveRouting() async {
        // A process that was never ready gets no requests.
        let delay = readiness.current ? settings.current.shutdownDelay : .zero
        readiness.publish(false)
        dispatcher.beginLeaving()
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await leave() }
            // A cancellation ends the wait.
            tasks.addTask { try? await Task.sleep(for: delay) }
        }
    }

    private func finish() async {
        let limit = settings.current.limits.drainTimeout
        let clock = ContinuousClock()
        let end = clock.now + limit
        var reminded = clock.now
        while dispatcher.currentInvocations > 0, clock.now < end {
            // A cancellation ends the wait.
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
