/// One invocation in the access log.
public struct AccessRecord: Sendable, Hashable {
    /// The way in which an invocation ended.
    public enum Outcome: String, Sendable, Hashable {
        /// The function's response was complete, or its tunnel was closed.
        case completed
        /// F2S itself responded with an error.
        case failed
        /// The response broke off.
        case brokenOff = "broken_off"
        /// The client disconnected before the response was complete.
        case clientGone = "client_gone"
    }

    /// The status of an invocation whose client disconnected before a response began, as in the logs of nginx.
    public static let clientGoneStatus = 499

    /// The most bytes of each text of a client, except the target, of which there are twice as many. Longer texts are
    /// cut, so that records that wait need little memory.
    public static let textBytesMax = 1024

    /// The time of the request, in seconds since 1970.
    public var time: Double
    /// The address of the client: the right-most one that is not a trusted proxy's; `nil` if it is unknown.
    public var client: String?
    /// The caller; `nil` if it is not identified.
    public var user: String?
    /// The name of the function; `nil` if no function has the path.
    public var function: String?
    /// The method of the request.
    public var method: String
    /// The path and query of the request.
    public var target: String
    /// The minor version of HTTP/1.
    public var minorVersion: Int
    /// The value of `X-Request-Id` that the function receives.
    public var requestID: String?
    /// The field `Referer` of the request.
    public var referer: String?
    /// The field `User-Agent` of the request.
    public var userAgent: String?
    /// The status of the response.
    public var status = 0
    /// The bytes of the function's content that were passed on, with the framing of chunks.
    public var contentBytes = 0
    /// Microseconds from the request's head to the end of the response.
    public var durationMicroseconds: UInt64 = 0
    /// Microseconds spent waiting for a slot while replicas accepted invocations.
    public var queueMicroseconds: UInt64 = 0
    /// Microseconds spent waiting for a first replica.
    public var startMicroseconds: UInt64 = 0
    /// The way in which the invocation ended.
    public var outcome = Outcome.completed
    /// The stage that failed; `nil` if F2S did not respond with an error.
    public var stage: Stage?

    /// Creates the record of a request whose head has arrived.
    public init(time: Double, client: String?, method: String, target: String, minorVersion: Int) {
        self.time = time
        self.client = client
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
    }
}

/// Receives a record of each invocation that has ended.
public protocol AccessLog: Sendable {
    /// Records an invocation. It is called on event loops, so it must not block.
    func record(_ record: AccessRecord)
}
