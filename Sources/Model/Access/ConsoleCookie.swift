/// The names of the console's cookies. A browser sends the cookies of a host to each of its ports, so they also arrive
/// at the listeners that serve functions. The dispatcher passes them on at the console's listener only: no function
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
    /// The time in which a sign-in that has begun must be finished.
    public static let signInLifetime = Duration.seconds(600)
}
