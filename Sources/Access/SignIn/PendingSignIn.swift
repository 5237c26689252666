import F2SModel

/// A sign-in that has begun: the browser keeps it sealed in a cookie until the provider returns the browser.
struct PendingSignIn: Codable, Hashable, Sendable {
    /// The URL of the provider.
    let issuer: String
    /// The URL to which the provider returns the browser.
    let callback: String
    /// True if this URL is the provider's own.
    let isOwnCallback: Bool
    /// The text by which the response is matched to the request (RFC 6749 section 10.12).
    let state: String
    /// The text by which the ID token is matched to the request (OpenID Connect Core 1.0 section 3.1.2.1).
    let nonce: String
    /// The secret of PKCE, without which the code is of no use (RFC 7636).
    let verifier: String
    /// The text of the tab that has begun the sign-in.
    let tab: String
    /// The time until which the response is awaited, in seconds since 1970.
    let end: Double

    /// Begins a sign-in.
    /// - Parameters:
    ///   - callback: The URL of the console for providers without a URL of their own.
    ///   - ownName: The end of the provider's own URL below it; `nil` if it has none.
    init(
        issuer: String, callback: String, ownName: String?, tab: String, now: Double
    ) throws(Crypto.Failure) {
        func secret() throws(Crypto.Failure) -> String { CredentialText.encodeURL(try Crypto.randomBytes(32)) }
        self.issuer = issuer
        self.callback = ownName.map { "\(callback)/\($0)" } ?? callback
        isOwnCallback = ownName != nil
        self.tab = tab
        state = try secret()
        nonce = try secret()
        verifier = try secret()
        end = now + ConsoleCookie.signInLifetime.inSeconds
    }

    /// Returns the URL of the provider's page for this sign-in.
    func location(at page: String, _ login: AuthSettings.Issuer.Login) throws(Crypto.Failure) -> String {
        let challenge = CredentialText.encodeURL(try Crypto.digest(of: Array(verifier.utf8)))
        let query = [
            ("response_type", "code"), ("client_id", login.clientID), ("redirect_uri", callback),
            ("scope", login.scopes.joined(separator: " ")), ("state", state), ("nonce", nonce),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        return FormText.url(page, with: query)
    }

    /// Returns the code of a response.
    /// - Parameters:
    ///   - response: The query parameters of the response.
    ///   - shownCallback: The URL to which the response was sent.
    ///   - tab: The text of the tab to which the response was sent.
    ///   - mustNameIssuer: True if the response must name the provider.
    ///   - now: The time in seconds since 1970.
    /// - Throws: The reason for which the response is not accepted.
    func code(
        in response: [String: String], at shownCallback: String, tab: String, mustNameIssuer: Bool, now: Double
    ) throws(SignInError) -> String {
        guard now < end else { throw .notBegun }
        guard let shown = response["state"], Crypto.isEqual(Array(shown.utf8), Array(state.utf8)) else {
            throw .wrongState
        }
        // Otherwise another site could sign the user in as someone else.
        guard Crypto.isEqual(Array(tab.utf8), Array(self.tab.utf8)) else { throw .otherTab }
        // Otherwise one provider could have the code of another one sent to it (RFC 9207 section 2.4, RFC 9700
        // section 4.4.2).
        guard shownCallback == callback else { throw .wrongIssuer }
        guard response["iss"].map({ $0.hasSameBytes(as: issuer) }) ?? !mustNameIssuer else { throw .wrongIssuer }
        if let error = response["error"] { throw .refused(code: String(error.prefix(100)).printable) }
        guard let code = response["code"], !code.isEmpty else { throw .refused(code: "it sent no code") }
        return code
    }
}
