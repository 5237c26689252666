/// The upstream of the internal listener: the token for other F2S processes, and the socket at which their queries and
/// the platform's hooks are answered.
struct InternalUpstream: Sendable {
    let token: PeerTokenVerifier
    /// The socket of the server that answers the hooks and the questions of other F2S processes (Peers).
    let hooks: ReplicaHandle
}
