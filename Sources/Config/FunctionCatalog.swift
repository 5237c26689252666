public import F2SModel
public import Logging
public import ServiceLifecycle

/// The functions as they are declared now: follows the store and hands its newest snapshot on to whoever looks.
public final class FunctionCatalog: Service {
    private let store: any FunctionStore
    private let logger: Logger
    private let latest = Latest(FunctionSnapshot())
    private let hasTaken = Latest(false)
    private let log: DeclarationLog

    /// A catalogue of a store; empty until ``run()`` has seen the store.
    /// - Parameter url: where a function is invoked, for the log.
    public init(
        store: any FunctionStore, logger: Logger,
        url: @escaping @Sendable (Function) -> String = { "/invoke\($0.route)" }
    ) {
        self.store = store
        self.logger = logger
        log = DeclarationLog(url: url)
    }

    /// The newest snapshot.
    public var current: FunctionSnapshot { latest.current }

    /// The newest snapshot at once, then the newest one after each change.
    public func snapshots() -> Latest<FunctionSnapshot>.Values { latest.values() }

    /// Follows the store until shutdown. A store that fails is asked again: the last snapshot stands meanwhile.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await StoreFollower(self.store, logger: self.logger).run { self.take($0) }
        }
    }

    private func take(_ snapshot: FunctionSnapshot) {
        if snapshot.refusals != latest.current.refusals {
            let known = Set(latest.current.refusals)
            for refusal in snapshot.refusals where !known.contains(refusal) {
                logger.warning("A declaration is refused.", metadata: ["declaration": "\(refusal)"])
            }
        }
        let isFirst = !hasTaken.current
        hasTaken.publish(true)
        let isNews = !snapshot.changes(since: latest.current).isEmpty || snapshot.refusals != latest.current.refusals
        guard isNews else { return }
        for line in log.lines(from: latest.current, to: snapshot, isFirst: isFirst) { logger.info("\(line)") }
        latest.publish(snapshot)
    }
}
