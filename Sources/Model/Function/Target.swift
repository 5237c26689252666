/// What runs a function (`target`, a sibling of `spec`: F2S's published data model).
public struct Target: Sendable, Hashable {
    /// Image that Kubernetes runs (`target.containerImage`).
    public var image: String?
    /// Local: the process to run. Kubernetes: overrides the image's entrypoint (`target.command`). Never empty.
    public var command: [String]?
    /// TCP port that the container listens on, 1…65535 (`target.port`). Local gives `$PORT` instead.
    public var port: Int
    /// Path on the replica that stands for the route (`target.endpoint`); the rest of the public path is appended.
    public var path: String
    /// Replicas that always run, 0…``replicasMax`` (`target.minReplicas`).
    public var minReplicas: Int
    /// Replicas that may run at once, 1…``replicasMax`` (`target.maxReplicas`).
    public var maxReplicas: Int
    /// Invocations at once per replica, exactly; `nil`: no limit (`target.concurrency`).
    public var concurrency: Int?
    /// Environment by name (`target.env`).
    public var environment: [String: String]
    /// Kubernetes Secrets whose keys become environment (`target.secrets`).
    public var secrets: [String]
    /// What a replica may use (`target.resources`).
    public var resources: Resources {
        get { usual.wrappedValue.resources }
        set { set(\.resources, newValue) }
    }
    /// How to ask a replica whether it is ready; `nil`: it is when it accepts a connection (`target.readinessProbe`).
    public var readinessProbe: ReadinessProbe? {
        get { usual.wrappedValue.readinessProbe }
        set { set(\.readinessProbe, newValue) }
    }
    /// From the request's head to the response's head; `nil`: `request_timeout` (`target.timeout`).
    public var timeout: Duration? {
        get { usual.wrappedValue.timeout }
        set { set(\.timeout, newValue) }
    }
    /// Longest time that a replica may take to become ready (`target.startTimeout`); `nil`: nine tenths of
    /// `f2s.timeouts.scaling_timeout`. Invocations wait for a first replica as long, where that is longer than the
    /// setting, within their own time.
    public var startTimeout: Duration? {
        get { usual.wrappedValue.startTimeout }
        set { set(\.startTimeout, newValue) }
    }
    /// Longest time that a replica finishes its invocations before it is stopped (`target.drainTimeout`); `nil`: see
    /// ``drainTime(requestTimeout:standard:)``.
    public var drainTimeout: Duration? {
        get { usual.wrappedValue.drainTimeout }
        set { set(\.drainTimeout, newValue) }
    }
    /// When to run how many replicas (`target.scaling`).
    public var scaling: Scaling {
        get { usual.wrappedValue.scaling }
        set { set(\.scaling, newValue) }
    }
    /// What the function lets through (`target.limits`).
    public var limits: FunctionLimits {
        get { usual.wrappedValue.limits }
        set { set(\.limits, newValue) }
    }
    /// Local: whether a change of a file beside the manifest rolls the function (`target.watch`). Kubernetes: no
    /// meaning.
    public var watch: Bool

    /// Fields that most functions leave as they are. Thousands that declare none of them have them in memory once.
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

    /// Port when the manifest names none.
    public static let portDefault = 8080
    /// `maxReplicas` when the manifest names none.
    public static let maxReplicasDefault = 5
    /// Upper bound of both replica fields.
    public static let replicasMax = 1000
    /// Upper bound of `concurrency`.
    public static let concurrencyMax = 100_000
    /// Upper bound of environment variables.
    public static let environmentMax = 256

    /// Every field with the default of the published model.
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

    /// Longest time that a replica finishes its invocations before it is stopped: what is declared, else the larger of
    /// the setting and the function's own time with a margin. So an invocation that keeps to its time is never cut.
    /// - Parameters:
    ///   - requestTimeout: the ceiling of `timeout` (`f2s.timeouts.request_timeout`).
    ///   - standard: the setting (`f2s.limits.drain_timeout`).
    public func drainTime(requestTimeout: Duration, standard: Duration) -> Duration {
        drainTimeout ?? max(standard, min(timeout ?? requestTimeout, requestTimeout) + Self.drainMargin)
    }

    /// Time that a replica has for its end beyond its function's own time.
    public static let drainMargin = Duration.seconds(30)
}
