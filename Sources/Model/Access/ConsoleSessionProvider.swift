/// Begins, checks and ends the sessions of people who use the console with a browser.
///
/// A page at another port of the host can add cookies of the same names, so a request may have several. The right one
/// is the one that its proof, or the state of its sign-in, belongs to.
public protocol ConsoleSessionProvider: Sendable {
    /// The ways to sign in by the settings in force, in their order; empty if callers are not authenticated.
    var methods: [SignInMethod] { get }

    /// Begins a session with a password or a token.
    /// - Parameters:
    ///   - authorization: The credentials, in the form of an Authorization field.
    ///   - client: The key of the client's address; `nil` if it is unknown.
    /// - Throws: The reason for which the credentials are not accepted.
    func signIn(_ authorization: String, from client: UInt64?) async throws(CredentialError) -> ConsoleSession

    /// Begins a sign-in at a provider.
    /// - Parameters:
    ///   - provider: The URL of the provider, as in ``SignInMethod/provider(url:title:)``.
    ///   - callback: The URL of the console to which the provider returns the browser. A provider with a URL of its own
    ///     returns it to ``AuthSettings/Issuer/Login/callbackName`` below it.
    ///   - tab: A random text that only the tab of the console knows, so that another site cannot lead the browser
    ///     through a sign-in: 16 to 100 characters.
    /// - Returns: The provider's URL to which the browser must go, and the value of the cookie for its return.
    func beginSignIn(
        at provider: String, callback: String, tab: String
    ) async throws(SignInError) -> (location: String, cookie: String)

    /// Finishes a sign-in at a provider.
    /// - Parameters:
    ///   - response: The query parameters with which the provider has returned the browser.
    ///   - cookies: The values of the cookies of ``beginSignIn(at:callback:tab:)``.
    ///   - callback: The URL to which the provider has returned the browser, without its query.
    ///   - tab: The text of the tab.
    func finishSignIn(
        _ response: [String: String], cookies: [String], callback: String, tab: String
    ) async throws(SignInError) -> ConsoleSession

    /// Returns the caller of a request with a session.
    /// - Parameters:
    ///   - cookies: The values of the session cookies.
    ///   - proof: The value of the field ``ConsoleSession/proofFieldName``; `nil` if the request has none.
    /// - Throws: ``CredentialError/missing`` without a cookie, ``CredentialError/sessionEnded``,
    ///   ``CredentialError/withoutProof``, and the errors of the check of a token.
    func caller(cookies: [String], proof: String?) async throws(CredentialError) -> SessionCaller

    /// Ends a session.
    /// - Parameter returnTo: The URL to which the provider returns the browser.
    func signOut(cookies: [String], proof: String?, returnTo: String) async -> EndedSession
}
