/// Bounds of the data plane: `config.yaml`'s `f2s.limits`. Every one is also a metric.
public struct Limits: Sendable, Hashable, Codable {
    /// Bytes of a request's or response's head (`head_bytes`).
    public var headBytesMax = 32 * 1024
    /// Bytes of path and query (`target_bytes`).
    public var targetBytesMax = 8 * 1024
    /// Header fields of a head (`fields`).
    public var fieldsMax = 100
    /// Bytes of a request's body; `nil`: no bound, because bodies are streamed and never held (`body_bytes`).
    public var bodyBytesMax: Int?
    /// Invocations that may wait per function (`queue_length`).
    public var queueLengthMax = 10_000
    /// Client connections at once (`connections`).
    public var connectionsMax = 20_000
    /// Idle upstream connections kept per event loop and replica (`idle_upstreams`).
    public var idleUpstreamsMax = 64
    /// Time for a request's head to arrive once its first byte has (`head_timeout`, milliseconds).
    public var headTimeout = Duration.seconds(10)
    /// Time that a client connection may be idle between requests (`idle_timeout`, milliseconds).
    public var idleTimeout = Duration.seconds(75)
    /// Time that an idle upstream connection is kept (`upstream_idle_timeout`, milliseconds).
    public var upstreamIdleTimeout = Duration.seconds(4)
    /// Time that an upgraded connection may be silent (`tunnel_idle_timeout`, milliseconds).
    public var tunnelIdleTimeout = Duration.seconds(3600)
    /// Time to finish invocations at shutdown; and of a replica before it is stopped, where its function names none and
    /// has no longer time of its own (`drain_timeout`, milliseconds).
    public var drainTimeout = Duration.seconds(30)
    /// Bytes of all requests' content that the management API holds at once (`api_body_bytes`).
    public var apiBodyBytesMax = 16 * 1024 * 1024
    /// Time for the content of a request to the management API to arrive (`api_body_timeout`, milliseconds).
    public var apiBodyTimeout = Duration.seconds(30)
    /// Lists of functions that are being sent at once (`api_lists`).
    public var apiListsMax = 64

    /// The defaults.
    public init() {}

    /// Every limit that is set, by its key in `config.yaml`; times in seconds, and named so.
    public var readings: [(name: String, value: Double)] {
        var readings: [(name: String, value: Double)] = [
            ("head_bytes", Double(headBytesMax)), ("target_bytes", Double(targetBytesMax)),
            ("fields", Double(fieldsMax)),
            ("queue_length", Double(queueLengthMax)), ("connections", Double(connectionsMax)),
            ("idle_upstreams", Double(idleUpstreamsMax)), ("head_timeout_seconds", headTimeout.inSeconds),
            ("idle_timeout_seconds", idleTimeout.inSeconds),
            ("upstream_idle_timeout_seconds", upstreamIdleTimeout.inSeconds),
            ("tunnel_idle_timeout_seconds", tunnelIdleTimeout.inSeconds),
            ("drain_timeout_seconds", drainTimeout.inSeconds),
            ("api_body_bytes", Double(apiBodyBytesMax)), ("api_body_timeout_seconds", apiBodyTimeout.inSeconds),
            ("api_lists", Double(apiListsMax)),
        ]
        if let bodyBytesMax { readings.append(("body_bytes", Double(bodyBytesMax))) }
        return readings
    }
}
