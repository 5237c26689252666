/// A caller, as the server knows it (`GET /users/me`).
public struct CallerRecord: Sendable, Hashable, Decodable {
    /// The name.
    public var name: String
    /// The groups.
    public var groups: [String]
    /// The privileges, each perhaps with a pattern of names.
    public var privileges: [String]

    private enum CodingKeys: String, CodingKey {
        case name = "Username"
        case groups, privileges
    }
}
