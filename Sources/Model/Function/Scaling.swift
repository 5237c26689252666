/// The parameters of the autoscaler (`target.scaling`).
public struct Scaling: Sendable, Hashable {
    /// The number of invocations in flight per replica that the autoscaler aims at, above 0…100000
    /// (`targetConcurrency`). If `nil`, it is `concurrency`, or else ``targetConcurrencyDefault``.
    public var targetConcurrency: Double?
    /// The time without invocations after which a function is scaled to its minimum, 1 s…24 h (`idle`).
    public var idle: Duration
    /// The stable window over which load is averaged, 6 s…1 h (`window`).
    public var window: Duration

    /// The target concurrency if neither `targetConcurrency` nor `concurrency` is declared.
    public static let targetConcurrencyDefault = 100.0
    /// The allowed durations of `idle`.
    public static let idleAllowed = Duration.seconds(1)...Duration.seconds(86_400)
    /// The allowed durations of `window`.
    public static let windowAllowed = Duration.seconds(6)...Duration.seconds(3600)
    /// The default of `idle`.
    public static let idleDefault = Duration.seconds(60)
    /// The default of `window`.
    public static let windowDefault = Duration.seconds(60)

    /// Creates scaling parameters. Each has its default unless given.
    public init(
        targetConcurrency: Double? = nil, idle: Duration = Scaling.idleDefault, window: Duration = Scaling.windowDefault
    ) {
        self.targetConcurrency = targetConcurrency
        self.idle = idle
        self.window = window
    }

    /// Returns an error for each invalid value.
    func fieldErrors() -> [FieldError] {
        let field = "target.scaling"
        var found = [
            FieldError("\(field).idle", idle, outside: Self.idleAllowed),
            FieldError("\(field).window", window, outside: Self.windowAllowed),
        ].compactMap(\.self)
        if let wanted = targetConcurrency, !(wanted > 0 && wanted <= Double(Target.concurrencyMax)) {
            found.append(
                FieldError(
                    field: "\(field).targetConcurrency", value: "\(wanted)",
                    requirement: "be above 0 and at most \(Target.concurrencyMax)"))
        }
        return found
    }
}
