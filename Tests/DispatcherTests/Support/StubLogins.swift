import F2SModel
import Synchronization

/// Accepts the cookie `USER@FUNCTION`, whose user has the privilege to invoke functions.
final class StubLogins: FunctionLoginProvider {
    private let seen = Mutex<[[String]]>([])

    /// The cookies of each question, in the order of the questions.
    var questions: [[String]] { seen.withLock { $0 } }

    func caller(loginCookies cookies: [String], at function: Function.ID) async throws(CredentialError) -> Principal {
        seen.withLock { $0.append(cookies) }
        for cookie in cookies {
            let parts = cookie.split(separator: "@")
            guard parts.count == 2, parts[1] == function.text else { continue }
            if parts[0] == "busy" { throw .busy }
            return Principal(
                name: String(parts[0]), groups: ["team"], grants: parts[0] == "eve" ? [] : [Grant(.invoke)])
        }
        throw .sessionEnded
    }

    // The API server, and not the dispatcher, calls the others.
    func beginLogin(reusing cookies: [String]) throws(CredentialError) -> (cookie: String, state: String) {
        throw .busy
    }

    func issueTicket(
        cookies: [String], proof: String?, state: String, function: Function.ID, target: String
    ) async throws(CredentialError) -> String {
        throw .busy
    }

    func redeem(ticket: String, stateCookies: [String]) throws(CredentialError) -> FunctionLogin { throw .busy }
}
