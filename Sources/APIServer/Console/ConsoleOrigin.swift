import F2SModel
import HTTPTypes
import Hummingbird

/// The console's origin as the browser of a request sees it, and the cookies of that origin.
///
/// Over https the cookies have the prefix `__Host-`, so that a browser accepts them from this host over https only, and
/// with the path `/`. Over http a page at another port of the host can set cookies of the same names with other paths.
struct ConsoleOrigin: Sendable, Hashable {
    /// The host and port by which the browser addresses the console.
    let authority: String
    /// True if the browser uses https.
    let isSecure: Bool

    /// The path of the sessions.
    static let sessionPath = "/session"
    /// The path to which a provider returns the browser.
    static let callbackPath = "/session/callback"
    /// The paths of providers with a URL of their own.
    static let providerCallbackPath = callbackPath + "/{provider}"

    /// Creates the origin of a request that the dispatcher has relayed.
    init(_ request: Request) {
        self.init(
            authority: request.head.authority ?? "",
            isSecure: request.headers.field("X-Forwarded-Proto")?.lowercased() == "https")
    }

    init(authority: String, isSecure: Bool) {
        self.authority = authority
        self.isSecure = isSecure
    }

    /// The scheme and authority, without a path.
    var url: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// The URL to which a provider returns the browser, unless it has a URL of its own below this one.
    var callback: String { url + Self.callbackPath }

    /// Returns the values of a request's session cookies.
    func sessions(in fields: HTTPFields) -> [String] { Self.cookies(sessionName, in: fields) }

    /// Returns the values of the cookies of sign-ins that have begun.
    func signIns(in fields: HTTPFields) -> [String] { Self.cookies(signInName, in: fields) }

    /// Returns the Set-Cookie value that stores a session.
    func setting(_ session: ConsoleSession) -> String {
        "\(sessionName)=\(session.cookie); Path=/; Max-Age=\(session.lifetimeSeconds); HttpOnly; SameSite=Strict"
            + security
    }

    /// Returns the Set-Cookie value that stores a sign-in that has begun. A navigation that the provider's site has
    /// begun carries it, because of `SameSite=Lax`.
    func settingSignIn(_ cookie: String) -> String {
        let seconds = ConsoleCookie.signInLifetime.components.seconds
        return "\(signInName)=\(cookie); Path=\(signInPath); Max-Age=\(seconds); HttpOnly; SameSite=Lax" + security
    }

    /// The Set-Cookie value that removes the session.
    var removingSession: String { "\(sessionName)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" + security }

    /// The Set-Cookie value that removes a sign-in that has begun.
    var removingSignIn: String { "\(signInName)=; Path=\(signInPath); Max-Age=0; HttpOnly; SameSite=Lax" + security }

    private var sessionName: String { "\(isSecure ? ConsoleCookie.hostSession : ConsoleCookie.session)" }
    private var signInName: String { "\(isSecure ? ConsoleCookie.hostSignIn : ConsoleCookie.signIn)" }
    /// The prefix `__Host-` demands the path `/`.
    private var signInPath: String { isSecure ? "/" : Self.callbackPath }
    private var security: String { isSecure ? "; Secure" : "" }

    /// Returns the values of the cookies of a name.
    static func cookies(_ name: String, in fields: HTTPFields) -> [String] {
        // By bytes: a separator can be a part of a character, together with the text before it.
        fields[values: .cookie].flatMap { $0.utf8.split(separator: UInt8(ascii: ";")) }.compactMap { pair in
            let spaceless = pair.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard spaceless.starts(with: (name + "=").utf8) else { return nil }
            let value = Substring(spaceless.dropFirst(name.utf8.count + 1))
            return String(value.prefix { $0 != " " && $0 != "\t" })
        }
    }
}

extension HTTPFields {
    /// Returns the value of a field by a name that swift-http-types does not define.
    func field(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}
