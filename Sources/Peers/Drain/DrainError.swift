/// The reason why the drain of a replica could not be confirmed.
enum DrainError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Invocations are still in flight; worth a retry.
    case tooSlow(inFlight: Int)
    /// The platform or another process could not be reached; worth a retry.
    case unconfirmed(String)

    /// A message with the error and what to do.
    var description: String {
        switch self {
        case .tooSlow(let inFlight):
            "\(inFlight) invocation\(inFlight == 1 ? " is" : "s are") still in flight. Raise target.timeout if they "
                + "need longer."
        case .unconfirmed(let reason): "The drain of the replica could not be confirmed: \(reason)"
        }
    }
}
