/// Whose call goes first when the API server is asked more than it should be.
enum Priority: Sendable, Hashable {
    /// Somebody waits for a replica.
    case activation
    /// Nobody waits.
    case housekeeping
}
