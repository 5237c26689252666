/// Why a caller did not get the function's own answer. Closed on purpose: the switches in `InvocationError+HTTP.swift`
/// are exhaustive, so a new case does not compile until it has a status, a stage and a sentence.
public enum InvocationError: Error, Sendable, Hashable {
    /// The request breaks the grammar of HTTP/1.1, or is ambiguous.
    case malformedRequest(reason: String)
    /// A head, target or body is over its limit.
    case tooLarge(Part)
    /// The client did not finish its head or went silent within its body.
    case requestStalled
    /// No function has this path.
    case functionNotFound(path: String)
    /// Functions have this path, for other methods.
    case methodNotAllowed(allowed: [Function.Method])
    /// The caller named a function, and another one answers the request's path and method.
    case otherFunction(named: String, routed: String)
    /// No or wrong credentials.
    case unauthenticated
    /// The caller may not do this.
    case forbidden(Privilege)
    /// The function's queue is full.
    case queueFull(limit: Int)
    /// The caller begins invocations faster than `target.limits.rate` allows; a token comes in after so long.
    case rateExceeded(retryAfter: Duration)
    /// No slot became free in time.
    case queueTimeout(after: Duration)
    /// Another F2S process grants the function's slots from now on; nothing was sent to a replica.
    case moved
    /// Whoever invokes on the internal listener has not shown the token that F2S processes share.
    case untrustedPeer
    /// The F2S process that grants the function's slots does not know the token of this one.
    case peerUnusable
    /// The management API has a listener of its own, and this is another one.
    case managementElsewhere
    /// A replica of a function has called the management listener.
    case functionMayNotManage(address: String)
    /// No replica came up in time, and nobody knows why.
    case scalingTimeout(after: Duration)
    /// Replicas cannot be started.
    case startFailed(StartTrouble)
    /// Another function has the route.
    case notRunnable(reason: String)
    /// No replica accepted a connection.
    case connectFailed
    /// This process has no file descriptor for a connection to the replica.
    case outOfDescriptors
    /// The replica broke off.
    case replicaLost(afterResponseBegan: Bool)
    /// The replica's answer breaks the grammar of HTTP/1.1.
    case malformedResponse(reason: String)
    /// No response head within the function's time.
    case responseTimeout(after: Duration, inStage: Stage)
    /// F2S has not read the declarations yet.
    case starting
    /// F2S is shutting down.
    case draining
    /// The API server, an upstream on a socket of our own, is not up.
    case apiUnavailable

    /// A part of a request that has a limit.
    public enum Part: Sendable, Hashable {
        /// Request line and fields.
        case head(bytesMax: Int)
        /// Path and query.
        case target(bytesMax: Int)
        /// Number of fields.
        case fields(countMax: Int)
        /// Content.
        case body(bytesMax: Int)
    }
}
