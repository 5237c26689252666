public import F2SModel
public import Logging
public import ServiceLifecycle

/// The currently declared functions. It follows the store and publishes its newest snapshot.
public final class FunctionCatalog: Service {
    private let store: any FunctionStore
    private let logger: Logger
    private let latest = Latest(FunctionSnapshot())
    private let hasTaken = Latest(false)
    private let log: DeclarationLog

    /// Creates a catalog of a store. It is empty until ``run()`` has received a snapshot.
    /// - Parameter url: returns the URL of a function, for the log.
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

    /// Returns a stream of the newest snapshot at once, then of the newest one after each change.
    public func snapshots() -> Latest<FunctionSnapshot>.Values { latest.values() }

    /// Returns after the first snapshot of the store was taken, or when the task is cancelled. ``run()`` must have been
    /// called.
    public func waitUntilLoaded() async {
        for await hasTaken in hasTaken.values() where hasTaken { return }
    }

    /// Follows the store until shutdown. If the store fails, it is followed again, and the last snapshot remains valid
    /// meanwhile.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await StoreFollower(self.store, logger: self.logger).run { self.apply($0) }
        }
    }

    private func apply(_ snapshot: FunctionSnapshot) {
        if snapshot.rejections != latest.current.rejections {
            let known = Set(latest.current.rejections)
            for rejection in snapshot.rejections where !known.contains(rejection) {
                logger.warning("A declaration is refused.", metadata: ["declaration": "\(rejection)"])
            }
        }
        let isFirst = !hasTaken.current
        defer { if isFirst { hasTaken.publish(true) } }
        let isChange =
            !snapshot.changes(since: latest.current).isEmpty || snapshot.rejections != latest.current.rejections
        guard isChange else { return }
        for line in log.lines(from: latest.current, to: snapshot, isFirst: isFirst) { logger.info("\(line)") }
        latest.publish(snapshot)
    }
}
