/// How to ask a replica whether it is ready (`target.readinessProbe`).
public struct ReadinessProbe: Sendable, Hashable {
    /// Path that answers 200…399 to GET once the replica is ready (`path`); it begins with a slash.
    public var path: String

    /// A probe of `path`.
    public init(path: String) { self.path = path }
}
