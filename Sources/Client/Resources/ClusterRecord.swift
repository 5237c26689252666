public import F2SModel

/// The installation, as `/cluster` describes it.
public struct ClusterRecord: Sendable, Hashable, Decodable {
    /// The version of the server.
    public var version: String
    /// `local` or `kubernetes`.
    public var platform: String
    /// The declarations that the server rejected.
    public var rejections: [Rejection]
}
