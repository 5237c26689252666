public import F2SModel

/// The options of the Kubernetes platform. Options that are not parameters of the initializer have defaults.
public struct KubernetesOptions: Sendable {
    /// Namespace of the Function resources, of the lease and of F2S's own pods.
    public var namespace: String
    /// Namespace in which functions run.
    public var functionsNamespace: String
    /// Name of the pod that this process runs in; identifies the process among the peers and in the election. See
    /// ``identity(podName:hostName:random:)`` for a process outside of any pod.
    public var podName: String
    /// Address of that pod.
    public var podIP: String
    /// The source of the internal listener's token.
    public enum TokenSource: Sendable, Hashable {
        /// The token was given, and never changes.
        case given
        /// The Secret that the installation creates.
        case secret
        /// A file, such as one of a Secret that the operator of the installation manages.
        case file(String)
    }

    /// The tokens that F2S's processes authenticate to each other with, kept up to date while the platform runs.
    public let tokens: Latest<PeerTokens>
    /// The source of ``tokens``.
    public var tokenSource = TokenSource.given
    /// Name of the ConfigMap with the settings; `nil` if they come from elsewhere.
    public var settingsObject: String?
    /// Port of the internal listener, the same in every pod of F2S.
    public var internalPort: Int
    /// The address to which a pod's `preStop` hook sends its request for a drain: an IP address, because the kubelet
    /// resolves no names. `nil`: pods are stopped without a drain.
    public var drainAddress: Replica.Address?
    /// Upper bound of `target.timeout`; read whenever a Deployment is written, because settings change.
    public var requestTimeout: @Sendable () -> Duration
    /// Longest time that a start may take. After that, invocations no longer wait for a pod that runs and is not ready.
    public var startTimeout: @Sendable () -> Duration = { Timeouts().scaling * 9 / 10 }
    /// Returns true if functions may name the Secret; called whenever replicas are requested, because settings change.
    public var allowsSecret: @Sendable (String) -> Bool = { _ in true }
    /// True if F2S has the right to create, update and delete Secrets in ``functionsNamespace``, and callers may write
    /// Secrets for functions.
    public var writesSecrets = false
    /// Returns the image in which functions of a runtime run if they name none; `nil` if there is none. It is called
    /// whenever a Deployment is written, because settings change.
    public var runtimeImage: @Sendable (SourceCode.Runtime) -> String? = { _ in nil }
    /// Drain timeout of functions that declare none.
    public var drainTimeout: @Sendable () -> Duration
    /// Image pull secrets in ``functionsNamespace``, in addition to those of its service account.
    public var imagePullSecrets: [String] = []
    /// Name of the lease that the leader holds.
    public var leaseName = "f2s-leader"
    /// Time after which another process leads if the leader dies (`f2s.timeouts.failover_timeout`).
    public var failover = Timeouts().failover
    /// Time that another installation has to write the status of a Function in another namespace.
    var strayGracePeriod = StrayFunctionTracker.gracePeriod
    /// Maximum number of events that are kept in memory.
    public var eventsMax = 1000
    /// Maximum number of log lines that a reader may lag behind.
    public var logLinesMax = 1024

    /// Creates options with the default values.
    public init(
        namespace: String, functionsNamespace: String, podName: String, podIP: String, token: String?,
        internalPort: Int = 8082, drainAddress: Replica.Address? = nil,
        requestTimeout: @escaping @Sendable () -> Duration = { Timeouts().request },
        drainTimeout: @escaping @Sendable () -> Duration = { Limits().drainTimeout }
    ) {
        self.namespace = namespace
        self.functionsNamespace = functionsNamespace
        self.podName = podName
        self.podIP = podIP
        tokens = Latest(PeerTokens([token].compactMap(\.self)))
        self.internalPort = internalPort
        self.drainAddress = drainAddress
        self.requestTimeout = requestTimeout
        self.drainTimeout = drainTimeout
    }

    /// Returns the name of a process among the peers and in the election. That is the name of its pod, because one
    /// process runs in a pod at a time. Outside of any pod it is the host's name and a random part, because two
    /// processes may run on one host.
    public static func identity(
        podName: String?, hostName: String, random: inout some RandomNumberGenerator
    ) -> String {
        if let podName, !podName.isEmpty { return podName }
        let number = UInt64.random(in: 0...UInt64.max, using: &random)
        let digits = String(number, radix: 16)
        return "\(hostName)_\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
