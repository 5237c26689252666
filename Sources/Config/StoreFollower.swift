public import F2SModel
public import Logging

/// Follows a store of functions until its task is cancelled.
///
/// The stream of a store may end or fail at any time. It is then requested again after a second, and the last snapshot
/// remains valid meanwhile. A follower that stopped would silently act on old declarations for ever.
public struct StoreFollower: Sendable {
    private let store: any FunctionStore
    private let pause: Duration
    private let logger: Logger

    /// Creates a follower. It does nothing before ``run(_:)``.
    /// - Parameter pause: the time between the end of one stream and the request for the next.
    public init(_ store: any FunctionStore, pause: Duration = .seconds(1), logger: Logger) {
        self.store = store
        self.pause = pause
        self.logger = logger
    }

    /// Calls `take` with every snapshot until the task is cancelled.
    public func run(_ take: @escaping @Sendable (FunctionSnapshot) -> Void) async {
        while !Task.isCancelled {
            do {
                try await store.withSnapshots { snapshots in
                    for await snapshot in snapshots { take(snapshot) }
                }
                if !Task.isCancelled { logger.warning("The stream of the store of functions ended. Trying again.") }
            } catch {
                if !Task.isCancelled {
                    logger.warning(
                        "The store of functions cannot be followed. Trying again.", metadata: ["error": "\(error)"])
                }
            }
            // The sleep ends early only by cancellation, which the loop checks itself.
            try? await Task.sleep(for: pause)
        }
    }
}
