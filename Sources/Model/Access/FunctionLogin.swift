/// The sign-in of a user at one function (`spec.login`), as the browser keeps it.
public struct FunctionLogin: Sendable, Hashable {
    /// The value of the cookie: visible ASCII, at most ``ConsoleSession/cookieBytesMax`` bytes.
    public let cookie: String
    /// The time after which the sign-in ends, in whole seconds.
    public let lifetimeSeconds: Int
    /// The function at which it is valid.
    public let function: Function.ID
    /// The path and query that the user wanted to open.
    public let target: String

    /// The longest time that a sign-in at a function lasts. After it, the next page that the browser opens leads
    /// through the console again, without a question if the user is still signed in there.
    public static let lifetimeMax = Duration.seconds(3600)
    /// The time in which a ticket must be used.
    public static let ticketLifetime = Duration.seconds(60)
    /// The longest path and query to which a sign-in returns, in bytes.
    public static let targetBytesMax = 2048
    /// The path of the sign-in, on the public listener and on the console.
    public static let path = "/login"
    /// The path on the public listener to which the console returns the browser with a ticket.
    public static let callbackPath = "/login/callback"

    /// Creates a sign-in as the browser keeps it.
    public init(cookie: String, lifetimeSeconds: Int, function: Function.ID, target: String) {
        self.cookie = cookie
        self.lifetimeSeconds = lifetimeSeconds
        self.function = function
        self.target = target
    }
}

/// Signs people in at functions, on behalf of a session of the console.
///
/// The browser goes from the function to the console, and returns with a ticket: the sealed consent of the console,
/// which is valid for a minute, for one function, and in the browser that has begun the sign-in.
public protocol FunctionLoginProvider: Sendable {
    /// Begins a sign-in in a browser.
    /// - Parameter cookies: The values of the cookie ``ConsoleCookie/loginState`` that the browser has. The first one
    ///   that has the right form is used again, so that a browser can sign in in several tabs at the same time.
    /// - Returns: The value of the cookie, and the text that the console must put into the ticket.
    /// - Throws: ``CredentialError/busy``.
    func beginLogin(reusing cookies: [String]) throws(CredentialError) -> (cookie: String, state: String)

    /// Issues a ticket for the user of a session.
    /// - Parameters:
    ///   - cookies: The values of the session cookies.
    ///   - proof: The proof of the session; `nil` if the request has none.
    ///   - state: The text of ``beginLogin(reusing:)``.
    ///   - function: The function.
    ///   - target: The path and query to which the browser returns.
    /// - Throws: As ``ConsoleSessionProvider/caller(cookies:proof:)``, and ``CredentialError/tooLong``.
    func issueTicket(
        cookies: [String], proof: String?, state: String, function: Function.ID, target: String
    ) async throws(CredentialError) -> String

    /// Exchanges a ticket for a sign-in. A ticket is accepted once by this process.
    /// - Parameter stateCookies: The values of the cookie of ``beginLogin(reusing:)``.
    /// - Throws: ``CredentialError/sessionEnded`` if the ticket is not valid, or not in this browser, and
    ///   ``CredentialError/tooLong``.
    func redeem(ticket: String, stateCookies: [String]) throws(CredentialError) -> FunctionLogin

    /// Returns the caller of an invocation.
    /// - Parameter cookies: The values of the cookies of ``FunctionLogin``.
    /// - Throws: ``CredentialError/sessionEnded`` if none is valid at the function, and the errors of the check of a
    ///   token.
    func caller(loginCookies cookies: [String], at function: Function.ID) async throws(CredentialError) -> Principal
}
