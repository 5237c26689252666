/// The API server that F2S uses, the way that F2S verifies it, and the credentials of F2S.
public struct ClusterAccess: Sendable, Hashable {
    /// The address of the API server.
    var server: ServerEndpoint
    /// The way that F2S verifies the API server.
    var trust: Trust
    /// The credentials that F2S presents.
    var identity: Identity
    /// The default namespace; `nil` if there is none.
    public var namespace: String?
    /// The source of this access, for messages.
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
