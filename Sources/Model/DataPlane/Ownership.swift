/// Which functions with a limit per replica this process does not admit invocations of. A limit is exact because one
/// process at a time grants its slots.
public struct Ownership: Sendable, Hashable {
    /// Functions whose public invocations are forwarded, and to which internal listener.
    public var elsewhere: [Function.ID: Replica.Address]
    /// Functions whose slots this process may not grant (yet): what arrives for them here queues.
    public var held: Set<Function.ID>

    /// Everything is ours unless given.
    public init(elsewhere: [Function.ID: Replica.Address] = [:], held: Set<Function.ID> = []) {
        self.elsewhere = elsewhere
        self.held = held
    }
}
