import F2SModel
import HTTPTypes
import Synchronization

/// The line of the audit log of one request. The router and the handler add what they learn about the caller.
final class RequestAudit: Sendable {
    private struct State {
        var function: String?
        var token: String?
        var user: String?
        var claimedUser: String?
    }

    private let route: APIRoute
    private let path: String
    private let client: String?
    private let state: Mutex<State>

    /// Begins the line of a request.
    /// - Parameters:
    ///   - function: The function's name in the path; `nil` if the path has none.
    ///   - client: The address of the client; `nil` if it is unknown.
    init(route: APIRoute, path: String, function: String?, client: String?) {
        self.route = route
        self.path = path
        self.client = client
        state = Mutex(State(function: function))
    }

    /// Sets the function, if the path does not name it.
    func concerns(_ function: FunctionName) { state.withLock { $0.function = function.text } }

    /// Sets the API token, if the path does not name it.
    func concerns(token name: String) { state.withLock { $0.token = name } }

    /// Sets the user that the credentials claim.
    func claims(_ user: String?) {
        state.withLock { $0.claimedUser = user.map { String($0.prefix(AuditEntry.claimedUserMax)) } }
    }

    /// Sets the caller.
    func identified(_ user: String) { state.withLock { $0.user = user } }

    /// Returns the line; `nil` if the request is neither an action nor refused.
    /// - Parameters:
    ///   - status: The status of the response.
    ///   - reason: The reason of an error.
    func entry(of status: Int, because reason: String? = nil) -> AuditEntry? {
        let known = state.withLock { $0 }
        // A sign-out without a session changes nothing.
        let isSignIn = route.isSignIn && (route.method == .post || known.user != nil)
        let isAction = route.isAction || isSignIn
        guard isAction || AuditEntry.Result(status: status) == .refused else { return nil }
        var entry = AuditEntry(action: "\(route.method.rawValue) \(path)", status: status)
        entry.function = known.function
        entry.token = known.token
        entry.user = known.user
        entry.claimedUser = known.user == nil ? known.claimedUser : nil
        entry.client = client
        entry.reason = reason
        return entry
    }
}
