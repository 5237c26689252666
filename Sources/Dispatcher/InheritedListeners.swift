/// Sockets that already listen. The parent process opened them, and keeps them open.
public struct InheritedListeners: Sendable, Hashable {
    /// Descriptor of the listener for ``DispatcherSettings/host`` and `port`.
    public var main: Int32
    /// Descriptor of the listener for ``DispatcherSettings/management``.
    public var management: Int32?
    /// Descriptor of the listener for ``DispatcherSettings/internal``.
    public var `internal`: Int32?

    /// Creates listeners from their descriptors.
    public init(main: Int32, management: Int32? = nil, `internal`: Int32? = nil) {
        self.main = main
        self.management = management
        self.internal = `internal`
    }
}
