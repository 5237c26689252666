/// The settings of the management listener. If there is one, the public listener serves only functions and `/health`.
public struct ManagementSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int

    /// Creates settings.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
