/// The resources that a replica may use (`target.resources`). Kubernetes enforces them; Local ignores them.
public struct Resources: Sendable, Hashable {
    /// Processor time, for example `500m` (`cpu`).
    public var cpu: Quantity?
    /// Memory, for example `128Mi` (`memory`).
    public var memory: Quantity?

    /// Creates resources. A resource that is not given has no limit.
    public init(cpu: Quantity? = nil, memory: Quantity? = nil) {
        self.cpu = cpu
        self.memory = memory
    }
}
