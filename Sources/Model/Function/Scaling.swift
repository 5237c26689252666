/// When to run how many replicas (`target.scaling`).
public struct Scaling: Sendable, Hashable {
    /// Invocations in flight per replica to aim at, above 0…100000 (`targetConcurrency`); `nil`: `concurrency`, else
    /// ``targetConcurrencyDefault``.
    public var targetConcurrency: Double?
    /// Silence after which a function goes to its minimum, 1 s…24 h (`idle`).
    public var idle: Duration
    /// The stable window over which load is averaged, 6 s…1 h (`window`).
    public var window: Duration

    /// Invocations per replica to aim at where neither `targetConcurrency` nor `concurrency` is given.
    public static let targetConcurrencyDefault = 100.0
    /// `idle` when the manifest names none.
    public static let idleDefault = Duration.seconds(60)
    /// `window` when the manifest names none.
    public static let windowDefault = Duration.seconds(60)

    /// Every field with its default.
    public init(
        targetConcurrency: Double? = nil, idle: Duration = Scaling.idleDefault, window: Duration = Scaling.windowDefault
    ) {
        self.targetConcurrency = targetConcurrency
        self.idle = idle
        self.window = window
    }
}
