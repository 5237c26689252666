/// The first digit of a status (RFC 9110 section 15).
public enum StatusClass: Int, Sendable, Hashable, CaseIterable {
    /// 1xx. As the final status of an invocation it is 101: the connection was upgraded.
    case informational = 1
    /// 2xx.
    case successful
    /// 3xx.
    case redirection
    /// 4xx.
    case clientError
    /// 5xx.
    case serverError

    /// Returns the class of a status. A status without a class counts as a server error.
    public init(_ status: Int) { self = StatusClass(rawValue: status / 100) ?? .serverError }

    /// The class as a metric label and in JSON: `2xx`.
    public var text: String { "\(rawValue)xx" }
}

/// The number of responses by the class of their status.
public struct StatusCounts: Sendable, Hashable {
    private var informational: UInt32 = 0
    private var successful: UInt32 = 0
    private var redirection: UInt32 = 0
    private var clientError: UInt32 = 0
    private var serverError: UInt32 = 0

    /// Creates counts of zero.
    public init() {}

    /// The number of responses of a class.
    public subscript(status: StatusClass) -> UInt32 {
        get {
            switch status {
            case .informational: informational
            case .successful: successful
            case .redirection: redirection
            case .clientError: clientError
            case .serverError: serverError
            }
        }
        set {
            switch status {
            case .informational: informational = newValue
            case .successful: successful = newValue
            case .redirection: redirection = newValue
            case .clientError: clientError = newValue
            case .serverError: serverError = newValue
            }
        }
    }

    /// The number of all responses.
    public var total: Int { StatusClass.allCases.reduce(0) { $0 + Int(self[$1]) } }
}
