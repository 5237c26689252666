import F2SModel
import Synchronization

/// Sign-ins at functions with fixed texts.
final class StubLogins: FunctionLoginProvider {
    /// The arguments with which a ticket was issued.
    struct Issue: Sendable, Hashable {
        let cookies: [String]
        let proof: String?
        let state: String
        let function: Function.ID
        let target: String
    }

    /// The state of the sign-in that has begun.
    static let state = String(repeating: "a-Z_09", count: 7) + "x"
    /// The cookie of the sign-in that has begun.
    static let stateCookie = "begun"

    /// The tickets that were issued.
    let issues = Mutex<[Issue]>([])
    private let error: CredentialError?
    private let function: Function.ID
    private let target: String

    /// - Parameters:
    ///   - error: The error of each call; `nil` if none fails.
    ///   - function: The function at which a ticket signs in.
    ///   - target: The path and query to which a ticket leads.
    init(
        error: CredentialError? = nil, function: String = "memory-report", target: String = "/invoke/report?a=b%20c"
    ) {
        self.error = error
        self.function = Function.ID(function)
        self.target = target
    }

    func beginLogin(reusing cookies: [String]) throws(CredentialError) -> (cookie: String, state: String) {
        if let error { throw error }
        return (cookies.first ?? Self.stateCookie, Self.state)
    }

    func issueTicket(
        cookies: [String], proof: String?, state: String, function: Function.ID, target: String
    ) async throws(CredentialError) -> String {
        if let error { throw error }
        issues.withLock {
            $0.append(Issue(cookies: cookies, proof: proof, state: state, function: function, target: target))
        }
        return "a+b/c="
    }

    func redeem(ticket: String, stateCookies: [String]) throws(CredentialError) -> FunctionLogin {
        if let error { throw error }
        guard ticket == "a+b/c=", stateCookies.contains(Self.stateCookie) else { throw .sessionEnded }
        return FunctionLogin(cookie: "signed-in", lifetimeSeconds: 1800, function: function, target: target)
    }

    func caller(loginCookies cookies: [String], at function: Function.ID) async throws(CredentialError) -> Principal {
        throw .sessionEnded
    }
}
