/// An error because of which the API server cannot serve.
public enum APIServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A listener could not be bound.
    case cannotListen(address: String, reason: String)

    /// A description of the failure and its remedy.
    public var description: String {
        switch self {
        case .cannotListen(let address, let reason):
            "F2S cannot listen on \(address): \(reason). Choose another address, or stop the program that uses it."
        }
    }
}
