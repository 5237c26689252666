public import F2SModel
public import Logging

/// Follows a store of functions for as long as its task lives.
///
/// The stream of a store may end or fail at any time. It is then asked for again after a second, and the last snapshot
/// stands meanwhile: a reader that stopped would act on old declarations for ever, without a word.
public struct StoreFollower: Sendable {
    private let store: any FunctionStore
    private let pause: Duration
    private let logger: Logger

    /// A follower; nothing happens before ``run(_:)``.
    /// - Parameter pause: time between the end of one stream and the request for the next.
    public init(_ store: any FunctionStore, pause: Duration = .seconds(1), logger: Logger) {
        self.store = store
        self.pause = pause
        self.logger = logger
    }

    /// Hands every snapshot to `take`, until the task is cancelled.
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
            // The pause ends early by cancellation only, which the loop looks at itself.
            try? await Task.sleep(for: pause)
        }
    }
}
