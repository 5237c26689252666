/// An error because of which the internal server cannot serve.
public enum InternalServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The socket could not be bound.
    case cannotListen(path: String, reason: String)

    /// A description of the failure and its remedy.
    public var description: String {
        switch self {
        case .cannotListen(let path, let reason):
            "F2S cannot listen on \(path): \(reason). Choose another address, or stop the program that uses it."
        }
    }
}
