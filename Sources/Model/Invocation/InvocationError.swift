/// The reason why a caller did not get the function's own response. The enumeration is closed on purpose: the switches
/// in `InvocationError+HTTP.swift` are exhaustive, so a new case does not compile until it has a status, a stage and a
/// message.
public enum InvocationError: Error, Sendable, Hashable {
    /// The request violates the grammar of HTTP/1.1, or is ambiguous.
    case malformedRequest(reason: String)
    /// A connection from a trusted proxy began with a request, and not with a header of the PROXY protocol.
    case proxyHeaderMissing
    /// A head, target or body exceeds its limit.
    case tooLarge(Part)
    /// The client did not complete the head, or sent nothing for too long within the body.
    case requestStalled
    /// No function has this path.
    case functionNotFound(path: String)
    /// The path exists, but only for other methods.
    case methodNotAllowed(allowed: [Function.Method])
    /// The request names a function, but its path and method lead to another one.
    case otherFunction(named: String, routed: String)
    /// The credentials are missing or not accepted.
    case unauthenticated(CredentialError)
    /// A browser opens a page of a function that offers a sign-in, and has not signed in. The location is the path of
    /// the sign-in.
    case loginRequired(location: String)
    /// The caller lacks the privilege.
    case forbidden(Privilege)
    /// A browser asks for a page of another origin that may not send the request.
    case foreignPage(reason: String)
    /// The function's queue is full.
    case queueFull(limit: Int)
    /// The caller exceeds `target.limits.rate`. `retryAfter` is the time until the next token.
    case rateExceeded(retryAfter: Duration)
    /// No slot became free in time.
    case queueTimeout(after: Duration)
    /// Another F2S process grants the function's slots, or is about to; nothing was sent to a replica.
    case moved
    /// A request on the internal listener did not contain the token that F2S processes share.
    case untrustedPeer
    /// The F2S process that owns the function's slots does not accept the token of this one.
    case peerUnusable
    /// The F2S process that owns the function's slots could not be reached, or did not grant them in time.
    case ownerUnreachable
    /// The F2S process that owns the function's slots responded with an error of its own. Only modules of this process
    /// get this error; clients of HTTP get that response.
    case failedAtPeer(status: Int, stage: Stage)
    /// The limit of client connections is reached.
    case tooManyConnections
    /// The management API has its own listener, and this is another one.
    case managementElsewhere
    /// Functions are invoked on another listener, and this one serves the console.
    case invocationsElsewhere
    /// A replica of a function sent a request to the listener of the management API or of the console.
    case functionMayNotManage(address: String)
    /// No replica became ready in time, for an unknown reason.
    case scalingTimeout(after: Duration)
    /// Replicas cannot be started.
    case startFailed(StartFailure)
    /// No replica accepted a connection.
    case connectFailed
    /// This process has no file descriptor for a connection to the replica.
    case outOfDescriptors
    /// The replica closed the connection before its response was complete.
    case replicaLost(afterResponseBegan: Bool)
    /// The replica's response violates the grammar of HTTP/1.1.
    case malformedResponse(reason: String)
    /// The response's head did not arrive within the function's timeout.
    case responseTimeout(after: Duration, inStage: Stage)
    /// F2S has not read the declarations yet.
    case starting
    /// F2S is shutting down.
    case draining
    /// The API server, which the dispatcher reaches over a local socket, is not running.
    case apiUnavailable

    /// A part of a request that has a limit.
    public enum Part: Sendable, Hashable {
        /// The request line and header fields.
        case head(bytesMax: Int)
        /// The path and query.
        case target(bytesMax: Int)
        /// The number of header fields.
        case fields(countMax: Int)
        /// The content.
        case body(bytesMax: Int)
    }
}
