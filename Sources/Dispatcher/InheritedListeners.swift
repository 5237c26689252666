/// Sockets that listen already: the process that has started this one opened them, and keeps them open.
public struct InheritedListeners: Sendable, Hashable {
    /// For ``DispatcherSettings/host`` and `port`.
    public var main: Int32
    /// For ``DispatcherSettings/management``.
    public var management: Int32?
    /// For ``DispatcherSettings/internal``.
    public var `internal`: Int32?

    /// Descriptors.
    public init(main: Int32, management: Int32? = nil, `internal`: Int32? = nil) {
        self.main = main
        self.management = management
        self.internal = `internal`
    }
}
