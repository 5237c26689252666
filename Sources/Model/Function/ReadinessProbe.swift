/// How to ask a replica whether it is ready (`target.readinessProbe`).
public struct ReadinessProbe: Sendable, Hashable {
    /// Path that answers 200…399 to GET once the replica is ready (`path`); it begins with a slash.
    public var path: String
    /// Longest time for one answer (`timeout`). Kubernetes counts it in whole seconds, rounded up.
    public var timeout: Duration

    /// `timeout` when the manifest names none: a program that is still loading may take its time for an answer.
    public static let timeoutDefault = Duration.seconds(10)

    /// A probe of `path`.
    public init(path: String, timeout: Duration = ReadinessProbe.timeoutDefault) {
        self.path = path
        self.timeout = timeout
    }
}
