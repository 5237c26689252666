/// Which API server F2S talks to, as whom, and how it knows that it is the right one.
public struct ClusterAccess: Sendable, Hashable {
    /// Where the server is.
    var server: ServerEndpoint
    /// How it is known.
    var trust: Trust
    /// How F2S is known.
    var identity: Identity
    /// The namespace that is meant where none is named; `nil`: none is given.
    public var namespace: String?
    /// Where all this comes from, for messages.
    public var origin: String

    init(
        server: ServerEndpoint, trust: Trust = .system, identity: Identity = .anonymous, namespace: String? = nil,
        origin: String
    ) {
        self.server = server
        self.trust = trust
        self.identity = identity
        self.namespace = namespace
        self.origin = origin
    }
}
