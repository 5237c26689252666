/// An HTTP request that checks if a replica is ready (`target.readinessProbe`).
public struct ReadinessProbe: Sendable, Hashable {
    /// The path that answers GET with 200…399 once the replica is ready (`path`). It begins with a slash.
    public var path: String
    /// The longest time for one response (`timeout`). Kubernetes uses whole seconds, rounded up.
    public var timeout: Duration

    /// The allowed durations of `timeout`.
    public static let timeoutAllowed = Duration.milliseconds(100)...Duration.seconds(300)
    /// The default of `timeout`. It is long because a program that is still loading may respond slowly.
    public static let timeoutDefault = Duration.seconds(10)

    /// Creates a probe of `path`.
    public init(path: String, timeout: Duration = ReadinessProbe.timeoutDefault) {
        self.path = path
        self.timeout = timeout
    }

    /// Returns an error for each invalid value.
    func fieldErrors() -> [FieldError] {
        let field = "target.readinessProbe"
        return [
            FieldError("\(field).timeout", timeout, outside: Self.timeoutAllowed),
            FieldError("\(field).path", path: path),
        ].compactMap(\.self)
    }
}
