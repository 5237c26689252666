/// The limits of the data plane and the management API: `f2s.limits` in `config.yaml`. Each limit is also a metric.
public struct Limits: Sendable, Hashable, Codable {
    /// The maximum size of a request's or response's head, in bytes (`head_bytes`).
    public var headBytesMax = 32 * 1024
    /// The maximum size of path and query, in bytes (`target_bytes`).
    public var targetBytesMax = 8 * 1024
    /// The maximum number of header fields in a head (`fields`).
    public var fieldsMax = 100
    /// The maximum size of a request's body, in bytes. `nil` means no limit, because bodies are streamed and never
    /// buffered whole (`body_bytes`).
    public var bodyBytesMax: Int?
    /// The maximum number of queued invocations per function (`queue_length`).
    public var queueLengthMax = 10_000
    /// The maximum number of client connections (`connections`).
    public var connectionsMax = 20_000
    /// The maximum number of idle upstream connections per event loop and replica (`idle_upstreams`).
    public var idleUpstreamsMax = 64
    /// The longest time from the first byte of a request's head to its last (`head_timeout`, in milliseconds).
    public var headTimeout = Duration.seconds(10)
    /// The longest time that a client connection may be idle between requests (`idle_timeout`, in milliseconds).
    public var idleTimeout = Duration.seconds(75)
    /// The longest time that an idle upstream connection is kept (`upstream_idle_timeout`, in milliseconds).
    public var upstreamIdleTimeout = Duration.seconds(4)
    /// The longest time without data on an upgraded connection (`tunnel_idle_timeout`, in milliseconds).
    public var tunnelIdleTimeout = Duration.seconds(3600)
    /// The longest time to finish invocations at shutdown. It also applies to a replica before it is stopped, unless
    /// its function declares a drain timeout or has a longer timeout (`drain_timeout`, in milliseconds).
    public var drainTimeout = Duration.seconds(30)
    /// The maximum size of the content of all requests that the management API buffers at once, in bytes
    /// (`api_body_bytes`).
    public var apiBodyBytesMax = 16 * 1024 * 1024
    /// The longest time for the content of a request to the management API to arrive (`api_body_timeout`, in
    /// milliseconds).
    public var apiBodyTimeout = Duration.seconds(30)
    /// The maximum number of function lists that are sent at once (`api_lists`).
    public var apiListsMax = 64
    /// The maximum number of invocations through the management API at once (`api_invocations`). Each needs memory for
    /// its request and for the part of its response that is returned.
    public var apiInvocationsMax = 64

    /// Creates limits with the defaults.
    public init() {}

    /// The limits that are set, by their keys in `config.yaml`. Times are in seconds, and their names end in
    /// `_seconds`.
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
            ("api_lists", Double(apiListsMax)), ("api_invocations", Double(apiInvocationsMax)),
        ]
        if let bodyBytesMax { readings.append(("body_bytes", Double(bodyBytesMax))) }
        return readings
    }
}
