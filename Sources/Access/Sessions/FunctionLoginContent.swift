import F2SModel

/// The sealed content of a function's cookie.
struct FunctionLoginContent: Codable, Hashable, Sendable {
    /// The ID of the function, at which alone the cookie is valid.
    let function: String
    /// The ID of the session of the console, with which the sign-in ends.
    let session: String
    /// The time at which the sign-in ends, in seconds since 1970. In a ticket, it is the end of the session.
    var end: Double
    /// The caller, without the tokens of a provider.
    let identity: SessionContent.Identity

    private enum CodingKeys: String, CodingKey {
        case function = "f"
        case session = "s"
        case end = "e"
        case identity = "c"
    }

    /// Returns the content of a cookie that begins at a time, in seconds since 1970.
    func beginning(at now: Double) -> FunctionLoginContent {
        var login = self
        login.end = min(end, now + FunctionLogin.lifetimeMax.inSeconds)
        if case .provider(let identity, _) = identity { login.end = min(login.end, identity.validUntil) }
        return login
    }
}

/// The sealed content of a ticket.
struct FunctionTicket: Codable, Hashable, Sendable {
    /// The longest ticket: a proxy must accept the URL with it.
    static let bytesMax = 6000
    /// The number of random bytes in the cookie of a browser that begins a sign-in.
    static let stateBytes = 32

    /// The unique ID of the ticket.
    let id: String
    /// The digest of the cookie of the browser that has begun the sign-in.
    let state: String
    /// See ``FunctionLogin/target``.
    let target: String
    /// The time until which the ticket may be used, in seconds since 1970.
    let end: Double
    /// The sign-in for which the ticket is exchanged.
    let login: FunctionLoginContent

    private enum CodingKeys: String, CodingKey {
        case id = "i"
        case state = "d"
        case target = "t"
        case end = "e"
        case login = "l"
    }

    /// Returns the text that stands for the cookie of a sign-in that has begun. The cookie cannot be computed from it,
    /// so it may be part of a URL.
    static func state(of cookie: String) throws(Crypto.Failure) -> String {
        CredentialText.encodeURL(try Crypto.digest(of: Array(cookie.utf8)))
    }

    /// Returns true if the browser that has one of these cookies has begun the sign-in.
    func wasBegun(with cookies: some Sequence<String>) -> Bool {
        cookies.contains { cookie in
            guard let shown = try? Self.state(of: cookie) else { return false }
            return Crypto.isEqual(Array(shown.utf8), Array(state.utf8))
        }
    }
}

extension ProviderIdentity {
    /// The same user without the tokens of the provider: a refresh token belongs in one cookie, because most
    /// providers accept it once. The name and the groups are then used for as long as without another ID token.
    var withoutTokens: ProviderIdentity {
        var identity = self
        identity.refreshToken = nil
        identity.idToken = nil
        identity.validUntil = verifiedAt + Self.validityMax
        return identity
    }
}
