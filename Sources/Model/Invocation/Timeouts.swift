/// The times of `config.yaml`'s `f2s.timeouts`, there in milliseconds.
public struct Timeouts: Sendable, Hashable, Codable {
    /// Ceiling of `target.timeout`, and its default: from a request's head to its response's head (`request_timeout`).
    public var request: Duration
    /// Longest silence of either side (`http_timeout`).
    public var http: Duration
    /// Longest wait for a first replica (`scaling_timeout`).
    public var scaling: Duration
    /// Longest time that a replica of a function with a limit may go on with an invocation whose caller has left, or
    /// has been answered with a time-out, before the replica is replaced (`abandoned_timeout`).
    public var abandoned: Duration
    /// Kubernetes: time after which another process leads when the leader has died (`failover_timeout`). A leader
    /// renews its lease four times within it.
    public var failover: Duration

    /// The published defaults, 120 s, 60 s and 45 s, and 30 s and 4 s.
    public init(
        request: Duration = .seconds(120), http: Duration = .seconds(60), scaling: Duration = .seconds(45),
        abandoned: Duration = .seconds(30), failover: Duration = .seconds(4)
    ) {
        self.request = request
        self.http = http
        self.scaling = scaling
        self.abandoned = abandoned
        self.failover = failover
    }
}
