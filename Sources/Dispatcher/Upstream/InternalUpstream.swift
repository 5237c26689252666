/// What a loop knows of the other F2S processes: the token that is shown to them, and where their questions and the
/// platform's hooks are answered.
struct InternalUpstream: Sendable {
    /// Number of ``hooks``; 0 is the API server.
    static let number = 1

    let token: InternalToken
    /// The API server's internal socket.
    let hooks: ReplicaCell
}
