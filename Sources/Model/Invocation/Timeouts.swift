/// The timeouts in `f2s.timeouts` of `config.yaml`, where they are in milliseconds.
public struct Timeouts: Sendable, Hashable, Codable {
    /// The upper bound and default of `target.timeout`: the longest time from a request's head to its response's head
    /// (`request_timeout`).
    public var request: Duration
    /// The longest time in which either side sends nothing (`http_timeout`).
    public var http: Duration
    /// The longest wait for a first replica (`scaling_timeout`).
    public var scaling: Duration
    /// The longest time that a replica of a function with a limit may continue an invocation whose caller has left or
    /// has been answered with a timeout. After it, the replica is replaced (`abandoned_timeout`).
    public var abandoned: Duration
    /// The time after which another process becomes the leader if the leader has died; Kubernetes only
    /// (`failover_timeout`). A leader renews its lease four times within it.
    public var failover: Duration

    /// Creates timeouts. The published defaults are 120 s, 60 s and 45 s, those of the newer two 30 s and 4 s.
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
