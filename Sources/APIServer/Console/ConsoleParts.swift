public import F2SModel

/// The parts of the console, which browsers use: a page, its API, and the sessions of the people who have signed in.
public struct ConsoleParts: Sendable {
    /// The path of the Unix socket that the dispatcher relays the requests of the console's listener to: under 100
    /// bytes, in a folder that only F2S can access. The dispatcher sets X-Forwarded-For and X-Forwarded-Proto there.
    let socketPath: String
    /// The sessions.
    let sessions: any ConsoleSessionProvider
    /// The sign-ins at functions, with those sessions.
    let logins: any FunctionLoginProvider
    /// Returns the `host:port` of the console's listener; `nil` until it is bound. It is an accepted Host of requests,
    /// and part of the advice for requests that other listeners reject.
    let authority: @Sendable () -> String?

    /// Creates the parts.
    public init(
        socketPath: String, sessions: any ConsoleSessionProvider, logins: any FunctionLoginProvider,
        authority: @escaping @Sendable () -> String?
    ) {
        self.socketPath = socketPath
        self.sessions = sessions
        self.logins = logins
        self.authority = authority
    }
}
