public import F2SModel

/// The settings of the internal listener, which only F2S processes and the platform's hooks reach.
public struct InternalSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// Path of the Unix socket, under 100 bytes, to which everything but invocations goes unchanged.
    public var socketPath: String
    /// The first tokens that F2S processes show to each other, see ``Dispatcher/trust(_:)``. Without a token,
    /// invocations on this listener are rejected, and nothing is forwarded.
    public var tokens: PeerTokens

    /// Creates settings.
    public init(host: String, port: Int, socketPath: String, tokens: PeerTokens) {
        self.host = host
        self.port = port
        self.socketPath = socketPath
        self.tokens = tokens
    }
}
