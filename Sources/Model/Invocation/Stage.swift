/// The stage in which an invocation failed. The set is closed, because it is a metric label and a member of every
/// problem document.
public enum Stage: String, Sendable, Hashable, CaseIterable, Codable {
    /// The request itself, or its path if no function is declared there.
    case route
    /// Authentication and authorization of the caller.
    case auth
    /// Waiting for a slot.
    case queue
    /// Waiting for a replica.
    case scale
    /// Pulling the image.
    case image
    /// Finding a machine for the replica.
    case schedule
    /// The replica's own start.
    case start
    /// Connecting to the replica.
    case connect
    /// The function's own response.
    case function
    /// A timeout that belongs to no other stage.
    case timeout
}
