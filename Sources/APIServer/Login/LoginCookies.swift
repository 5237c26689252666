import F2SModel
import HTTPTypes
import Hummingbird

/// The cookies of sign-ins at functions, as the browser of a request sees them.
///
/// Over https their names have the prefix `__Secure-`, so that a browser accepts them over https only. The prefix
/// `__Host-` would demand the path `/`, and the browser would send them to every function.
struct LoginCookies: Sendable, Hashable {
    /// True if the browser uses https.
    let isSecure: Bool

    /// The longest value of the attribute Path that browsers accept, in bytes (RFC 6265bis section 5.6).
    private static let pathBytesMax = 1024

    /// Creates the cookies of a request that the dispatcher has relayed.
    init(_ request: Request) { self.init(isSecure: ConsoleOrigin(request).isSecure) }

    init(isSecure: Bool) { self.isSecure = isSecure }

    /// Returns the values of the cookies of sign-ins that have begun.
    func states(in fields: HTTPFields) -> [String] { ConsoleOrigin.cookies(stateName, in: fields) }

    /// Returns the Set-Cookie value that stores a sign-in that has begun. The navigation from the console carries it,
    /// because of `SameSite=Lax`. Nothing removes it before its time, because other tabs may have begun a sign-in too.
    func settingState(_ cookie: String) -> String {
        let seconds = ConsoleCookie.signInLifetime.components.seconds
        return "\(stateName)=\(cookie); Path=\(FunctionLogin.path); Max-Age=\(seconds)" + attributes
    }

    /// Returns the Set-Cookie value that stores a sign-in at the function with this route.
    func setting(_ login: FunctionLogin, at route: Route) -> String {
        "\(loginName)=\(login.cookie); Path=\(Self.path(of: route)); Max-Age=\(login.lifetimeSeconds)" + attributes
    }

    /// Returns the path to which a browser sends the cookie of the function with this route. A segment that an
    /// attribute cannot contain ends the path. The cookie then also reaches other functions of F2S, where it is not
    /// valid.
    static func path(of route: Route) -> String {
        var path = "/invoke"
        for segment in route.path.split(separator: "/") {
            let longer = "\(path)/\(segment)"
            guard !segment.contains(";"), longer.utf8.count <= pathBytesMax else { break }
            path = longer
        }
        return path
    }

    private var loginName: String { "\(isSecure ? ConsoleCookie.secureLogin : ConsoleCookie.login)" }
    private var stateName: String { "\(isSecure ? ConsoleCookie.secureLoginState : ConsoleCookie.loginState)" }
    private var attributes: String { "; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "") }
}
