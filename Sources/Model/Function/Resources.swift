/// What a replica may use (`target.resources`). Kubernetes enforces it; Local ignores it.
public struct Resources: Sendable, Hashable {
    /// Processor time, for example `500m` (`cpu`).
    public var cpu: Quantity?
    /// Memory, for example `128Mi` (`memory`).
    public var memory: Quantity?

    /// No limit unless given.
    public init(cpu: Quantity? = nil, memory: Quantity? = nil) {
        self.cpu = cpu
        self.memory = memory
    }
}
