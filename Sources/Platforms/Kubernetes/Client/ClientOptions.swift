/// The limits and settings of the client for the API server.
struct ClientOptions: Sendable, Hashable {
    /// The longest time for a call until its response is complete, retries included.
    var requestTimeout: Duration = .seconds(30)
    /// The longest time to establish a connection.
    var connectTimeout: Duration = .seconds(5)
    /// The largest number of attempts for a call that may be repeated, the first one included.
    var attemptsMax = 5
    /// The sustained number of calls per second.
    var requestsPerSecond: Double = 300
    /// The number of calls that may be sent at once after an idle period.
    var burst: Double = 300
    /// The number of calls of the burst that is reserved for activations.
    var activationReserve: Double = 60
    /// The largest number of calls that may wait for the rate limiter.
    var waitingMax = 20_000
    /// The largest response, in bytes.
    var answerBytesMax = 64 << 20
    /// The longest line of a watch, in bytes. etcd stores no object over 1.5 MiB.
    var watchLineBytesMax = 4 << 20
    /// The number of objects per page of a list.
    var pageSize = 500
    /// The shortest duration of a watch before it is started again; the longest is twice that.
    var watchDuration: Duration = .seconds(240)
    /// The field manager that owns the fields that F2S applies.
    var fieldManager = "f2s"
    /// The value of the HTTP field `User-Agent`.
    var userAgent = "f2s"

    /// Creates the default options.
    init() {}
}
