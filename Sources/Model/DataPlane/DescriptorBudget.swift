/// How the file descriptors of this process are shared out.
///
/// Connections can never take the reserve: starting a replica, reading a manifest, answering the API and ending in
/// order all need descriptors, and a process that has none left can do nothing about it.
public struct DescriptorBudget: Sendable, Hashable {
    /// Files and connections that the process may have open (the soft RLIMIT_NOFILE).
    public let limit: Int
    /// Descriptors that connections of clients and to replicas leave free.
    public let reserve: Int

    /// A budget for a soft limit. The reserve is an eighth of it, at least 64 and at most 1024, and never more than
    /// half.
    public init(limit: Int) {
        self.limit = max(0, limit)
        reserve = min(max(64, min(1024, self.limit / 8)), self.limit / 2)
    }

    /// No limit, for tests and where the system tells none.
    public static let unlimited = DescriptorBudget(limit: 1 << 30)

    /// Connections of clients and to replicas together.
    public var connectionsMax: Int { limit - reserve }

    /// Client connections: of all connections a quarter is left for those to replicas.
    public var clientConnectionsMax: Int { max(1, connectionsMax - connectionsMax / 4) }

    /// The limits as they can be kept.
    public func applied(to limits: Limits) -> Limits {
        var limits = limits
        limits.connectionsMax = min(limits.connectionsMax, clientConnectionsMax)
        return limits
    }
}
