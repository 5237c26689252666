// The mapping of invocation errors to a status, a stage and a message. There is no other.
extension InvocationError {
    /// The HTTP status (RFC 9110 section 15).
    public var status: Int {
        switch self {
        case .malformedRequest, .proxyHeaderMissing: 400
        case .tooLarge(.head), .tooLarge(.fields): 431
        case .tooLarge(.target): 414
        case .tooLarge(.body): 413
        case .requestStalled: 408
        case .functionNotFound, .managementElsewhere, .invocationsElsewhere: 404
        case .methodNotAllowed: 405
        case .otherFunction: 409
        case .unauthenticated(let error): error.status
        case .loginRequired: 302
        case .forbidden, .untrustedPeer, .functionMayNotManage, .foreignPage: 403
        case .rateExceeded: 429
        case .queueFull, .moved, .peerUnusable, .starting, .draining, .apiUnavailable, .outOfDescriptors,
            .tooManyConnections:
            503
        case .failedAtPeer(let status, _): status
        case .queueTimeout, .scalingTimeout, .responseTimeout: 504
        case .startFailed(let startFailure): startFailure.isTimeout ? 504 : 502
        case .connectFailed, .ownerUnreachable, .replicaLost, .malformedResponse: 502
        }
    }

    /// The stage that failed.
    public var stage: Stage {
        switch self {
        case .malformedRequest, .proxyHeaderMissing, .tooLarge, .functionNotFound, .methodNotAllowed, .otherFunction,
            .managementElsewhere, .invocationsElsewhere, .foreignPage:
            .route
        case .requestStalled: .timeout
        case .unauthenticated, .loginRequired, .forbidden, .untrustedPeer, .functionMayNotManage: .auth
        case .queueFull, .rateExceeded, .queueTimeout, .moved, .starting, .draining, .apiUnavailable,
            .tooManyConnections:
            .queue
        case .scalingTimeout: .scale
        case .startFailed(let startFailure): startFailure.stage
        case .connectFailed, .outOfDescriptors, .peerUnusable, .ownerUnreachable: .connect
        case .replicaLost, .malformedResponse: .function
        case .responseTimeout(_, let stage), .failedAtPeer(_, let stage): stage
        }
    }

    /// One word for programs, for failures that status and stage do not distinguish; `nil` if there is none.
    public var reason: String? {
        switch self {
        case .startFailed(let startFailure): startFailure.reason
        case .otherFunction: Self.otherFunctionReason
        default: nil
        }
    }

    /// The ``reason`` of ``otherFunction(named:routed:)``, by which clients recognize it.
    public static let otherFunctionReason = "OtherFunction"

    /// The seconds after which a retry may succeed; `nil` if that is unknown.
    public var retryAfterSeconds: Int? {
        switch self {
        case .queueFull, .moved, .peerUnusable, .ownerUnreachable, .starting, .draining, .apiUnavailable,
            .outOfDescriptors, .tooManyConnections:
            1
        case .unauthenticated(let error): error.retryAfterSeconds
        case .failedAtPeer(let status, _): status == 503 ? 1 : nil
        case .rateExceeded(let wait): Self.retryAfterSeconds(wait)
        case .startFailed(let startFailure): startFailure.retryAfterSeconds
        default: nil
        }
    }

    /// Returns the value of Retry-After (RFC 9110 section 10.2.3): whole seconds, rounded up, at least 1.
    private static func retryAfterSeconds(_ wait: Duration) -> Int {
        Int(min(max(1, wait.inSeconds.rounded(.up)), 1e9))
    }

    /// A short summary that is the same for every occurrence (RFC 9457 `title`).
    public var title: String {
        switch self {
        case .malformedRequest: "The request is malformed"
        case .proxyHeaderMissing: "The header of the PROXY protocol is missing"
        case .tooLarge: "The request is too large"
        case .requestStalled: "The request did not arrive in time"
        case .functionNotFound: "No function has this path"
        case .methodNotAllowed: "The function does not answer this method"
        case .otherFunction: "Another function answers here"
        case .unauthenticated(let error):
            error.retryAfterSeconds != nil ? "Credentials cannot be checked now" : "Credentials are missing or wrong"
        case .loginRequired: "Sign in first"
        case .forbidden, .untrustedPeer, .functionMayNotManage: "Not allowed"
        case .foreignPage: "A page of this origin may not use the function"
        case .managementElsewhere: "This listener does not serve the management API"
        case .invocationsElsewhere: "The console does not serve functions"
        case .queueFull: "The function's queue is full"
        case .rateExceeded: "The caller's rate is exceeded"
        case .queueTimeout: "No replica became free in time"
        case .moved: "The function has moved"
        case .peerUnusable: "Another F2S process cannot be used"
        case .ownerUnreachable: "Another F2S process cannot be reached"
        case .failedAtPeer: "The invocation failed at another F2S process"
        case .tooManyConnections: "Too many connections"
        case .scalingTimeout: "No replica became ready in time"
        case .startFailed: "The function cannot be started"
        case .connectFailed: "No replica accepts connections"
        case .outOfDescriptors: "F2S has no free file descriptors"
        case .replicaLost: "The replica closed the connection"
        case .malformedResponse: "The function's response is malformed"
        case .responseTimeout: "The function did not answer in time"
        case .starting: "F2S is starting"
        case .draining: "F2S is shutting down"
        case .apiUnavailable: "The API server is not up"
        }
    }

    /// A description of what happened and what to do (RFC 9457 `detail`).
    public var detail: String {
        switch self {
        case .malformedRequest(let reason): "\(reason). Send a request that keeps to RFC 9112."
        case .proxyHeaderMissing:
            "The client's address is in f2s.trusted_proxies, and f2s.proxy_protocol is true: its connections must "
                + "begin with this header. Let the proxy send it, or set f2s.proxy_protocol to false."
        case .tooLarge(let part): part.excess
        case .requestStalled: "The client sent nothing for too long. Send the request again, whole."
        case .functionNotFound(let path): "No function is declared at \(path). `f2s list` shows every path."
        case .methodNotAllowed(let allowed):
            "It answers \(allowed.map(\.rawValue).joined(separator: ", ")). Use one of these, or change spec.method."
        case .otherFunction(let named, let routed):
            "The request names function \(named), and its path and method lead to function \(routed). "
                + "`f2s describe \(named)` shows the reason; nothing was invoked."
        case .unauthenticated(let error):
            error.retryAfterSeconds != nil || error == .loginEnded
                ? error.text : "\(error.text) Send an Authorization header that F2S accepts."
        case .loginRequired: "The function is for users who have signed in. The browser is led to the console."
        case .forbidden(let privilege): "This needs the privilege \(privilege.rawValue). Ask an administrator for it."
        case .foreignPage(let reason): "The browser asks if a page may send the request: \(reason)."
        case .queueFull(let limit): Self.fullQueue(limit)
        case .rateExceeded(let wait):
            "This caller begins more invocations than target.limits allows. Call more slowly: F2S accepts the next one "
                + "after \(Self.retryAfterSeconds(wait)) s. Or raise target.limits.rate or .burst."
        case .queueTimeout(let wait):
            "Every slot was in use for \(wait.humanText). Raise target.maxReplicas, .concurrency, .limits.inFlight "
                + "or .timeout."
        case .moved: "Another F2S process grants the function's slots, or is about to. Retry in a second."
        case .peerUnusable:
            "The F2S process that owns the function's slots rejects the internal token of this one. An operator must "
                + "give all of them the same token."
        case .ownerUnreachable:
            "The F2S process that owns the function's slots could not be reached, or did not grant them in time. Retry "
                + "in a second. If it lasts, check that the F2S processes reach each other's internal port."
        case .failedAtPeer(let status, let stage):
            "The F2S process that owns the function's slots responded with status \(status); the invocation failed in "
                + "stage \(stage.rawValue). `f2s why` shows the cause."
        case .tooManyConnections:
            "The limit of connections is reached. Retry in a second, or raise f2s.limits.connections."
        case .untrustedPeer:
            "Only F2S processes invoke functions here, with the token that they share. Call the public listener; or, "
                + "if this was an F2S process, give all of them the same F2S_INTERNAL_TOKEN."
        case .managementElsewhere:
            "Only /invoke and /health are served here. Use the management listener: the address of --management; on "
                + "Kubernetes the Service f2s-api."
        case .invocationsElsewhere:
            "Only the console and its API are served here. Use the public listener: the address of --listen; on "
                + "Kubernetes port 8080 of the Service f2s."
        case .functionMayNotManage(let address):
            "\(address) is a replica of a function, and functions must not manage the platform. To invoke a function, "
                + "call the public listener."
        case .scalingTimeout(let wait): Self.slowStart(wait)
        case .startFailed(let startFailure): startFailure.message
        case .connectFailed:
            "Every attempt to connect was refused or timed out. `f2s logs` shows the function's output."
        case .outOfDescriptors:
            "F2S could not open a connection: too many files and connections are open. Retry in a second. Raise the "
                + "limit of open files (`ulimit -n`, LimitNOFILE), or lower f2s.limits.connections."
        case .replicaLost(let began): Self.lostReplica(began)
        case .malformedResponse(let reason): "\(reason). The function must answer in HTTP/1.1."
        case .responseTimeout(let limit, let stage):
            "No response began within \(limit.humanText); stage \(stage.rawValue) took most of the time. "
                + (stage == .queue
                    ? "Raise target.maxReplicas or .concurrency, or target.timeout."
                    : "Raise target.timeout, or make the function faster.")
        case .starting: "The declarations are not read yet. Retry in a second."
        case .draining: "This process accepts no new requests. Retry: another process will respond."
        case .apiUnavailable: "F2S has just started or is about to end. Retry in a second."
        }
    }

    private static func slowStart(_ wait: Duration) -> String {
        "No replica was ready within \(wait.humanText). `f2s why` shows the cause. A function that needs longer to "
            + "start declares it with target.startTimeout."
    }

    private static func lostReplica(_ began: Bool) -> String {
        (began
            ? "The connection to the replica ended before its response was complete."
            : "The connection to the replica ended before its response; the request may have been executed.")
            + " If the replica has ended, `f2s describe` shows its exit status and last lines."
    }

    private static func fullQueue(_ limit: Int) -> String {
        limit == 0
            ? "Every slot is in use, and target.limits.queued allows no waiting. Retry later, or raise it."
            : "\(limit) invocations are waiting already. Retry later, or raise target.maxReplicas or the bounds in "
                + "target.limits."
    }
}

extension InvocationError.Part {
    fileprivate var excess: String {
        switch self {
        case .head(let limit): "The request's head is over \(limit) bytes. Send fewer or shorter header fields."
        case .target(let limit): "Path and query are over \(limit) bytes. Put the data into the body."
        case .fields(let limit): "The request has over \(limit) header fields. Send fewer."
        case .body(let limit): "The body is over \(limit) bytes. Send less, or raise the limit in config.yaml."
        }
    }
}
