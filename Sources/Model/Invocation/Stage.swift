/// Where on its way an invocation failed. A closed set: it is a metric label and a member of every problem document.
public enum Stage: String, Sendable, Hashable, CaseIterable, Codable {
    /// The request itself or the path: nothing is declared there.
    case route
    /// Who calls, and whether that is allowed.
    case auth
    /// Waiting for a slot.
    case queue
    /// Waiting for a replica.
    case scale
    /// Getting the image.
    case image
    /// Finding a machine for the replica.
    case schedule
    /// The replica's own start.
    case start
    /// Connecting to the replica.
    case connect
    /// The function's own answer.
    case function
    /// A deadline that belongs to no other stage.
    case timeout
}
