/// Bounds of waiting for what may never come.
enum Patience {
    /// Runs `body` until it ends, but no longer than `limit`; it is cancelled then.
    static func run(atMost limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup { group in
            group.addTask { await body() }
            group.addTask { try? await Alarm.pause(limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
