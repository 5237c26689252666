/// The distribution of this process's file descriptors.
///
/// Connections can never use the reserve. Starting a replica, reading a manifest, serving the API and shutting down in
/// order all need descriptors, and a process without free ones can do nothing about it.
public struct DescriptorBudget: Sendable, Hashable {
    /// The number of files and connections that the process may have open (the soft RLIMIT_NOFILE).
    public let limit: Int
    /// The number of descriptors that connections of clients and to replicas leave free.
    public let reserve: Int

    /// Creates a budget for a soft limit. The reserve is an eighth of it, at least 64 and at most 1024, but never more
    /// than half.
    public init(limit: Int) {
        self.limit = max(0, limit)
        reserve = min(max(64, min(1024, self.limit / 8)), self.limit / 2)
    }

    /// A budget without a limit, for tests and for systems that report no limit.
    public static let unlimited = DescriptorBudget(limit: 1 << 30)

    /// The maximum number of connections of clients and to replicas together.
    public var connectionsMax: Int { limit - reserve }

    /// The maximum number of client connections. A quarter of all connections is reserved for those to replicas.
    public var clientConnectionsMax: Int { max(1, connectionsMax - connectionsMax / 4) }

    /// Returns the limits, with the number of client connections lowered to this budget.
    public func applied(to limits: Limits) -> Limits {
        var limits = limits
        limits.connectionsMax = min(limits.connectionsMax, clientConnectionsMax)
        return limits
    }
}
