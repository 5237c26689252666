public import F2SModel

/// The internal listener: what F2S processes and the platform's hooks reach, and nobody else.
public struct InternalSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// Path of the Unix socket, under 100 bytes, to which everything but invocations goes as it is.
    public var socketPath: String
    /// What F2S processes show to each other at first, see ``Dispatcher/trust(_:)``; without it nobody may invoke
    /// there, and nothing is forwarded.
    public var tokens: PeerTokens

    /// Settings.
    public init(host: String, port: Int, socketPath: String, tokens: PeerTokens) {
        self.host = host
        self.port = port
        self.socketPath = socketPath
        self.tokens = tokens
    }
}
