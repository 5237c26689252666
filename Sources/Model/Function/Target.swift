/// The program or image that runs a function, and its settings (`target`, a sibling of `spec` in F2S's published data
/// model).
public struct Target: Sendable, Hashable {
    /// The image that Kubernetes runs (`target.containerImage`).
    public var image: String?
    /// The command. On Local it is the process to run; on Kubernetes it overrides the image's entrypoint
    /// (`target.command`). It is never empty.
    public var command: [String]?
    /// The TCP port that the container listens on, 1…65535 (`target.port`). Local sets `$PORT` instead.
    public var port: Int
    /// The path on the replica to which the route is mapped (`target.endpoint`). The rest of the public path is
    /// appended.
    public var path: String
    /// The number of replicas that always run, 0…``replicasMax`` (`target.minReplicas`).
    public var minReplicas: Int
    /// The maximum number of replicas, 1…``replicasMax`` (`target.maxReplicas`).
    public var maxReplicas: Int
    /// The exact limit of invocations at once per replica; `nil` if there is none (`target.concurrency`).
    public var concurrency: Int?
    /// The environment variables by name (`target.env`).
    public var environment: [String: String]
    /// The Kubernetes Secrets whose keys become environment variables (`target.secrets`).
    public var secrets: [String]
    /// The resources that a replica may use (`target.resources`).
    public var resources: Resources {
        get { usual.wrappedValue.resources }
        set { set(\.resources, newValue) }
    }
    /// The probe that checks if a replica is ready. If `nil`, a replica is ready when it accepts a connection
    /// (`target.readinessProbe`).
    public var readinessProbe: ReadinessProbe? {
        get { usual.wrappedValue.readinessProbe }
        set { set(\.readinessProbe, newValue) }
    }
    /// The longest time from the request's head to the response's head. If `nil`, it is `request_timeout`
    /// (`target.timeout`).
    public var timeout: Duration? {
        get { usual.wrappedValue.timeout }
        set { set(\.timeout, newValue) }
    }
    /// The longest time that a replica may need to become ready (`target.startTimeout`). If `nil`, it is nine tenths of
    /// `f2s.timeouts.scaling_timeout`. If it is longer than that setting, invocations wait for a first replica as long,
    /// but no longer than their own timeout.
    public var startTimeout: Duration? {
        get { usual.wrappedValue.startTimeout }
        set { set(\.startTimeout, newValue) }
    }
    /// The longest time that a replica gets to finish its invocations before it is stopped (`target.drainTimeout`). If
    /// `nil`, see ``drainTime(requestTimeout:standard:)``.
    public var drainTimeout: Duration? {
        get { usual.wrappedValue.drainTimeout }
        set { set(\.drainTimeout, newValue) }
    }
    /// The parameters of the autoscaler (`target.scaling`).
    public var scaling: Scaling {
        get { usual.wrappedValue.scaling }
        set { set(\.scaling, newValue) }
    }
    /// The limits of the function (`target.limits`).
    public var limits: FunctionLimits {
        get { usual.wrappedValue.limits }
        set { set(\.limits, newValue) }
    }
    /// True if a change of a file beside the manifest rolls the function out again (`target.watch`). This applies to
    /// Local; Kubernetes ignores it.
    public var watch: Bool

    /// Fields that most functions leave at their defaults. All functions that declare none of them share one copy in
    /// memory.
    private struct Usual: Sendable, Hashable {
        var resources = Resources()
        var readinessProbe: ReadinessProbe?
        var timeout: Duration?
        var startTimeout: Duration?
        var drainTimeout: Duration?
        var scaling = Scaling()
        var limits = FunctionLimits()

        static let shared = Boxed(wrappedValue: Usual())
    }

    private var usual = Usual.shared

    private mutating func set<Value: Equatable>(_ field: WritableKeyPath<Usual, Value>, _ value: Value) {
        guard usual.wrappedValue[keyPath: field] != value else { return }
        usual.wrappedValue[keyPath: field] = value
    }

    /// The default of `port`.
    public static let portDefault = 8080
    /// The default of `maxReplicas`.
    public static let maxReplicasDefault = 5
    /// The upper bound of `minReplicas` and `maxReplicas`.
    public static let replicasMax = 1000
    /// The upper bound of `concurrency`.
    public static let concurrencyMax = 100_000
    /// The maximum number of environment variables.
    public static let environmentMax = 256

    /// Creates a target. Each field has the default of the published data model unless given.
    public init(
        image: String? = nil, command: [String]? = nil, port: Int = Target.portDefault, path: String = "/",
        minReplicas: Int = 0, maxReplicas: Int = Target.maxReplicasDefault, concurrency: Int? = nil,
        environment: [String: String] = [:], secrets: [String] = [], resources: Resources = Resources(),
        readinessProbe: ReadinessProbe? = nil, timeout: Duration? = nil, startTimeout: Duration? = nil,
        drainTimeout: Duration? = nil, scaling: Scaling = Scaling(), limits: FunctionLimits = FunctionLimits(),
        watch: Bool = false
    ) {
        self.image = image
        self.command = command
        self.port = port
        self.path = path
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.concurrency = concurrency
        self.environment = environment
        self.secrets = secrets
        self.watch = watch
        self.resources = resources
        self.readinessProbe = readinessProbe
        self.timeout = timeout
        self.startTimeout = startTimeout
        self.drainTimeout = drainTimeout
        self.scaling = scaling
        self.limits = limits
    }

    /// Returns the longest time that a replica gets to finish its invocations before it is stopped.
    ///
    /// It is the declared time, or else the larger of the setting and the function's own timeout with a margin. So an
    /// invocation that keeps to its timeout is never cut off.
    /// - Parameters:
    ///   - requestTimeout: the upper bound of `timeout` (`f2s.timeouts.request_timeout`).
    ///   - standard: the setting (`f2s.limits.drain_timeout`).
    public func drainTime(requestTimeout: Duration, standard: Duration) -> Duration {
        drainTimeout ?? max(standard, min(timeout ?? requestTimeout, requestTimeout) + Self.drainMargin)
    }

    /// The time that a replica gets to end in addition to its function's own timeout.
    public static let drainMargin = Duration.seconds(30)
}
