/// The management listener. Where there is one, the public listener serves functions and `/health` only.
public struct ManagementSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int

    /// Settings.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
