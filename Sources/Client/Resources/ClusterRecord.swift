public import F2SModel

/// The installation, as `/cluster` gives it.
public struct ClusterRecord: Sendable, Hashable, Decodable {
    /// Version of the server.
    public var version: String
    /// `local` or `kubernetes`.
    public var platform: String
    /// Declarations that could not be accepted.
    public var refusals: [Refusal]
}
