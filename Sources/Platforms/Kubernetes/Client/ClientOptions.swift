/// Bounds of what F2S asks of the API server.
struct ClientOptions: Sendable, Hashable {
    /// Longest wait for a complete answer, retries included.
    var requestTimeout: Duration = .seconds(30)
    /// Longest wait for a connection.
    var connectTimeout: Duration = .seconds(5)
    /// Attempts at a call that may be repeated, the first included.
    var attemptsMax = 5
    /// Calls a second, in the long run.
    var requestsPerSecond: Double = 300
    /// Calls at once after a silence.
    var burst: Double = 300
    /// Calls of the burst that only activations may use.
    var activationReserve: Double = 60
    /// Calls that may wait for their turn.
    var waitingMax = 20_000
    /// Bytes of an answer.
    var answerBytesMax = 64 << 20
    /// Bytes of one line of a watch: etcd keeps no object over 1.5 MiB.
    var watchLineBytesMax = 4 << 20
    /// Objects per page of a list.
    var pageSize = 500
    /// How long a watch lasts before it is begun anew, at least; at most it is twice that.
    var watchDuration: Duration = .seconds(240)
    /// Who owns the fields that F2S applies.
    var fieldManager = "f2s"
    /// What F2S calls itself.
    var userAgent = "f2s"

    /// The defaults.
    init() {}
}
