import F2SModel

/// An upstream that is a part of F2S: a server of this process on a Unix socket.
enum OwnUpstream: Int, CaseIterable {
    /// The management API.
    case api
    /// The server that answers the platform's hooks and the questions of other F2S processes.
    case hooks
    /// The pages of the console and the API that they use.
    case console

    /// The largest ``ReplicaHandle/number`` of these upstreams. Replicas of functions have larger ones.
    static let numberMax = allCases.count - 1

    /// Returns the handle of the upstream.
    /// - Throws: An error if the path is too long for a Unix socket.
    func handle(path: String, loops: Int) throws(SystemError) -> ReplicaHandle {
        ReplicaHandle(
            id: Replica.ID(String(describing: self)), address: try SocketAddress(unixPath: path), number: rawValue,
            loops: loops)
    }
}
