/// The names of F2S' cookies. A browser sends the cookies of a host to each of its ports, so those of the console also
/// arrive at the listeners that serve functions. The dispatcher passes them on to the API server only: no function
/// receives one of these cookies, and no function's response sets one.
///
/// The names are case-sensitive, as the names of all cookies are.
public enum ConsoleCookie {
    /// The session of a user who has signed in.
    public static let session: StaticString = "f2s-session"
    /// A sign-in that has begun.
    public static let signIn: StaticString = "f2s-signin"
    /// The session over https. Browsers accept a name with this prefix only from the host itself (RFC 6265bis section
    /// 4.1.3.2).
    public static let hostSession: StaticString = "__Host-f2s-session"
    /// A sign-in that has begun over https.
    public static let hostSignIn: StaticString = "__Host-f2s-signin"
    /// The sign-in of a user at a function (``FunctionLogin``), with the path of the function.
    public static let login: StaticString = "f2s-login"
    /// A sign-in at a function that has begun.
    public static let loginState: StaticString = "f2s-login-state"
    /// The sign-in at a function over https. Browsers accept a name with this prefix over https only.
    public static let secureLogin: StaticString = "__Secure-f2s-login"
    /// A sign-in at a function that has begun over https.
    public static let secureLoginState: StaticString = "__Secure-f2s-login-state"
    /// The time in which a sign-in that has begun must be finished.
    public static let signInLifetime = Duration.seconds(600)
}
