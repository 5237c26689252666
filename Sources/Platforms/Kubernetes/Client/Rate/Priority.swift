/// The priority of a call when the rate limit is reached.
enum Priority: Sendable, Hashable {
    /// A client waits for the result, for example for a replica.
    case activation
    /// No client waits for the result.
    case housekeeping
}
