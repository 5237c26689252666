/// One line of the audit log: an action of a caller, or a request that was refused.
public struct AuditEntry: Sendable, Hashable {
    /// The result of a request.
    public enum Result: String, Sendable, Hashable {
        /// The request was successful.
        case done
        /// The request has failed for another reason than its caller.
        case failed
        /// The caller is not identified, or lacks a privilege.
        case refused

        /// Returns the result of a request with this status.
        public init(status: Int) {
            switch status {
            case 401, 403, 429: self = .refused
            case 400...: self = .failed
            default: self = .done
            }
        }
    }

    /// The most characters of ``claimedUser``.
    public static let claimedUserMax = 256

    /// The method and path of the request, or the privilege of an invocation.
    public let action: String
    /// The name of the function; `nil` if the action is about none, or about several.
    public var function: String?
    /// The name of the API token; `nil` if the action is about none.
    public var token: String?
    /// The caller; `nil` if it is not identified.
    public var user: String?
    /// The user that the credentials of a caller claim who is not identified; `nil` if they name none.
    public var claimedUser: String?
    /// The address of the client; `nil` if it is unknown.
    public var client: String?
    /// The status of the response.
    public let status: Int
    /// The reason of an error; `nil` if there is none.
    public var reason: String?

    /// The result.
    public var result: Result { Result(status: status) }

    /// Creates an entry.
    public init(action: String, status: Int) {
        self.action = action
        self.status = status
    }
}

/// Receives an entry for each action of a caller, and for each request that was refused.
public protocol AuditLog: Sendable {
    /// Records an entry. It is called on event loops, so it must not block.
    func record(_ entry: AuditEntry)
}
