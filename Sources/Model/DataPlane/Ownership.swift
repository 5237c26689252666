/// The functions with a limit per replica whose invocations this process does not admit. The limit is exact because
/// only one process at a time grants the slots of a function.
public struct Ownership: Sendable, Hashable {
    /// Functions whose public invocations are forwarded, with the address of the owner's internal listener.
    public var elsewhere: [Function.ID: Replica.Address]
    /// Functions whose slots this process does not grant, or not yet. Invocations that arrive for them here are queued.
    public var withheld: Set<Function.ID>

    /// Creates an ownership. By default this process owns all functions.
    public init(elsewhere: [Function.ID: Replica.Address] = [:], withheld: Set<Function.ID> = []) {
        self.elsewhere = elsewhere
        self.withheld = withheld
    }
}
