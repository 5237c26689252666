/// The program or image that runs a function, and its settings (`target`, a sibling of `spec` in F2S's published data
/// model).
public struct Target: Sendable, Hashable {
    /// The image that Kubernetes runs (`target.containerImage`).
    public var image: String?
    /// The command. On Local it is the process to run; on Kubernetes it overrides the image's entrypoint
    /// (`target.command`). It is never empty.
    public var command: [String]?
    /// The TCP port that the container listens on, within ``portAllowed`` (`target.port`). Local sets `$PORT` instead.
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
    /// The Kubernetes objects whose keys become environment variables, at most ``environmentSourcesMax``
    /// (`target.envFrom`). Of two variables with one name, the later source's counts, and that of `environment` counts
    /// more.
    public var environmentSources: [EnvironmentSource] {
        get { usual.wrappedValue.environmentSources }
        set { set(\.environmentSources, newValue) }
    }
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
    /// The text files that are the function's program; `nil` if the image or the command brings its own
    /// (`target.source`).
    public var source: SourceCode? {
        get { usual.wrappedValue.source }
        set { set(\.source, newValue) }
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
    /// True if a replica receives the caller's Authorization field (`target.forwardAuthorization`). Otherwise F2S
    /// removes it from invocations of a function that is not public.
    public var forwardsAuthorization: Bool
    /// True if replicas have credentials of their own, by which they call other functions (`target.identity`). On
    /// Kubernetes it is a token of a service account of the function; Local ignores it.
    public var hasIdentity: Bool

    /// Fields that most functions leave at their defaults. All functions that declare none of them share one copy in
    /// memory.
    private struct Usual: Sendable, Hashable {
        var environmentSources: [EnvironmentSource] = []
        var source: SourceCode?
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

    /// The allowed durations of `timeout`.
    public static let timeoutAllowed = Duration.milliseconds(1)...Duration.seconds(86_400)
    /// The allowed durations of `startTimeout`.
    public static let startTimeoutAllowed = Duration.seconds(1)...Duration.seconds(3600)
    /// The allowed durations of `drainTimeout`.
    public static let drainTimeoutAllowed = Duration.zero...Duration.seconds(86_400)
    /// The allowed values of `port`.
    public static let portAllowed = 1...65_535
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
    /// The maximum number of environment sources.
    public static let environmentSourcesMax = 32

    /// Creates a target. Each field has the default of the published data model unless given.
    public init(
        image: String? = nil, command: [String]? = nil, source: SourceCode? = nil, port: Int = Target.portDefault,
        path: String = "/",
        minReplicas: Int = 0, maxReplicas: Int = Target.maxReplicasDefault, concurrency: Int? = nil,
        environment: [String: String] = [:], secrets: [String] = [], environmentSources: [EnvironmentSource] = [],
        resources: Resources = Resources(), readinessProbe: ReadinessProbe? = nil, timeout: Duration? = nil,
        startTimeout: Duration? = nil, drainTimeout: Duration? = nil, scaling: Scaling = Scaling(),
        limits: FunctionLimits = FunctionLimits(), watch: Bool = false, forwardsAuthorization: Bool = false,
        hasIdentity: Bool = false
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
        self.forwardsAuthorization = forwardsAuthorization
        self.hasIdentity = hasIdentity
        self.environmentSources = environmentSources
        self.source = source
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

    /// Returns the most invocations that may hold a slot at once; `nil` if the function declares no limit.
    /// - Parameter ready: The number of replicas that accept invocations.
    public func slots(ready: Int) -> Int? {
        [concurrency.map { $0 * ready }, limits.inFlight].compactMap(\.self).min()
    }

    /// The time that a replica gets to end in addition to its function's own timeout.
    public static let drainMargin = Duration.seconds(30)
}

// MARK: - Environment sources

extension Target {
    /// A Kubernetes object in the namespace of the replicas whose keys become environment variables (an entry of
    /// `target.envFrom`).
    public struct EnvironmentSource: Sendable, Hashable, CustomStringConvertible {
        /// The kind of the object. The raw value is the name of the field that names it.
        public enum Kind: String, Sendable, CaseIterable {
            /// A ConfigMap.
            case configMap
            /// A Secret.
            case secret
        }

        /// The kind of the object.
        public let kind: Kind
        /// The name of the object, a DNS-1123 subdomain.
        public let name: String
        /// True if a replica starts even if the object does not exist.
        public let isOptional: Bool

        /// Creates a source.
        /// - Throws: ``FieldError`` about `field` if Kubernetes does not accept the name.
        public init(
            _ kind: Kind, _ name: String, isOptional: Bool = false, field: String = "target.envFrom"
        ) throws(FieldError) {
            guard isObjectName(name) else {
                throw FieldError(
                    field: field, value: name,
                    requirement: "be a DNS-1123 subdomain: small letters, digits, '-' and '.'")
            }
            self.kind = kind
            self.name = name
            self.isOptional = isOptional
        }

        /// The kind and the name, for example `ConfigMap settings`.
        public var description: String { (kind == .configMap ? "ConfigMap " : "Secret ") + name }
    }
}

// MARK: - Start

extension Target {
    /// Adds everything that a replica is started from to a hash. Everything else (route, limits, scaling) changes
    /// without a restart.
    ///
    /// Optional parts are added only if they are declared. So a new version of F2S with a new part keeps the revisions
    /// of the other functions, and their replicas need no restart.
    func addStart(to hash: inout StableHash) {
        hash.add(image ?? "")
        hash.add(list: command ?? [])
        hash.add(list: environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        hash.add(list: secrets)
        hash.add(resources.cpu?.text ?? "")
        hash.add(resources.memory?.text ?? "")
        hash.add("\(port)")
        if let probe = readinessProbe {
            hash.add(list: ["readinessProbe", probe.path, "\(probe.timeout.wholeMilliseconds)"])
        }
        if !environmentSources.isEmpty {
            let sources = environmentSources.flatMap { [$0.description, $0.isOptional ? "optional" : "required"] }
            hash.add(list: ["envFrom"] + sources)
        }
        if hasIdentity { hash.add(list: ["identity"]) }
        if let source { hash.add(list: ["source", source.digest]) }
    }
}

// MARK: - Validation

extension Target {
    /// Returns an error for each invalid value and each invalid combination of values.
    func fieldErrors() -> [FieldError] {
        programErrors() + replicaErrors() + limits.fieldErrors(minReplicas: minReplicas) + environmentErrors()
            + timeoutErrors() + [FieldError("target.endpoint", path: path)].compactMap(\.self)
            + (readinessProbe?.fieldErrors() ?? []) + scaling.fieldErrors()
    }

    private func programErrors() -> [FieldError] {
        var found: [FieldError] = []
        if image == nil, command == nil, source == nil {
            found.append(
                FieldError(
                    field: "target.containerImage", value: nil,
                    requirement: "name an image, or target.command must name a program, or target.source must contain "
                        + "one"))
        }
        if let image, image.isEmpty || image.utf8.count > 1024 || image.contains(where: \.isWhitespace) {
            found.append(
                FieldError(
                    field: "target.containerImage", value: image, requirement: "be an image reference without spaces"))
        }
        if let command, command.first?.isEmpty != false || command.contains(where: { $0.contains("\0") }) {
            found.append(
                FieldError(
                    field: "target.command", value: command.joined(separator: " "),
                    requirement: "be a list that begins with a program"))
        }
        return found + (source?.fieldErrors(command: command) ?? [])
    }

    private func replicaErrors() -> [FieldError] {
        var found: [FieldError] = []
        if !(0...Self.replicasMax).contains(minReplicas) {
            found.append(FieldError("target.minReplicas", minReplicas, outside: 0...Self.replicasMax))
        }
        if !(1...Self.replicasMax).contains(maxReplicas) {
            found.append(FieldError("target.maxReplicas", maxReplicas, outside: 1...Self.replicasMax))
        } else if minReplicas > maxReplicas {
            found.append(
                FieldError(
                    field: "target.minReplicas", value: "\(minReplicas)",
                    requirement: "be at most target.maxReplicas (\(maxReplicas))"))
        }
        if !Self.portAllowed.contains(port) { found.append(FieldError("target.port", port, outside: Self.portAllowed)) }
        if let concurrency, !(1...Self.concurrencyMax).contains(concurrency) {
            found.append(FieldError("target.concurrency", concurrency, outside: 1...Self.concurrencyMax))
        }
        return found
    }

    private func environmentErrors() -> [FieldError] {
        var found: [FieldError] = []
        if environment.count > Self.environmentMax {
            found.append(FieldError("target.env", environment.count, outside: 0...Self.environmentMax))
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            let startsWell = name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            if !startsWell || !name.utf8.allSatisfy(Self.isVariableByte) || value.utf8.contains(0) {
                found.append(
                    FieldError(
                        field: "target.env.\(name)", value: name,
                        requirement: "be named with letters, digits, '_', '-' or '.', not begin with a digit, "
                            + "and hold no zero byte"))
            }
        }
        for secret in secrets where !Self.isObjectName(secret) {
            found.append(
                FieldError(
                    field: "target.secrets", value: secret,
                    requirement: "name Secrets by DNS-1123 subdomains: small letters, digits, '-' and '.'"))
        }
        if environmentSources.count > Self.environmentSourcesMax {
            found.append(
                FieldError("target.envFrom", environmentSources.count, outside: 0...Self.environmentSourcesMax))
        }
        return found
    }

    private func timeoutErrors() -> [FieldError] {
        [
            FieldError("target.timeout", timeout, outside: Self.timeoutAllowed),
            FieldError("target.startTimeout", startTimeout, outside: Self.startTimeoutAllowed),
            FieldError("target.drainTimeout", drainTimeout, outside: Self.drainTimeoutAllowed),
        ].compactMap(\.self)
    }

    /// Returns true if Kubernetes accepts the text as the name of an object: labels that are separated by dots (RFC
    /// 1123), at most 253 bytes in total. A single label may use all of them.
    private static func isObjectName(_ name: String) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            label.utf8.first != UInt8(ascii: "-") && label.utf8.last != UInt8(ascii: "-") && !label.isEmpty
                && label.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                }
        }
    }

    private static func isVariableByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
