public import F2SModel
import FoundationEssentials

/// The credentials that a client sends with each request.
public enum ClientCredentials: Sendable, Hashable {
    /// A token, for `Authorization: Bearer` (RFC 6750).
    case token(Secret)
    /// A user and a password, for `Authorization: Basic` (RFC 7617).
    case user(String, password: Secret)

    /// The value of the Authorization field.
    var fieldValue: String {
        switch self {
        case .token(let token): "Bearer \(token.revealed)"
        case .user(let name, let password):
            "Basic \(Data("\(name):\(password.revealed)".utf8).base64EncodedString())"
        }
    }
}
