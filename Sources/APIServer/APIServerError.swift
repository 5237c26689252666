/// Why the API server cannot serve.
public enum APIServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A listener could not be bound.
    case cannotListen(address: String, reason: String)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .cannotListen(let address, let reason):
            "F2S cannot listen on \(address): \(reason). Choose another address, or end what holds this one."
        }
    }
}
