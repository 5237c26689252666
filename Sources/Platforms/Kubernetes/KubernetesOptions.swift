public import F2SModel

/// What the Kubernetes platform has to be told; everything else has a default.
public struct KubernetesOptions: Sendable {
    /// Namespace of the Function resources, of the lease and of F2S's own pods.
    public var namespace: String
    /// Namespace in which functions run.
    public var functionsNamespace: String
    /// Name of the pod that this process runs in: its name among the peers and in the election. See
    /// ``identity(podName:hostName:random:)`` for a process outside of any pod.
    public var podName: String
    /// Address of that pod.
    public var podIP: String
    /// Where the token of the internal listener is kept.
    public enum TokenSource: Sendable, Hashable {
        /// Nowhere: it was given, and never changes.
        case given
        /// In the Secret that the installation makes.
        case secret
        /// In a file, such as one of a Secret of the operator's own.
        case file(String)
    }

    /// What F2S's processes show each other, kept up to date while the platform runs.
    public let tokens: Latest<PeerTokens>
    /// Where ``tokens`` come from.
    public var tokenSource = TokenSource.given
    /// Name of the ConfigMap that the settings come from; `nil`: they come from elsewhere.
    public var settingsObject: String?
    /// Port of the internal listener, the same in every pod of F2S.
    public var internalPort: Int
    /// Where a pod's `preStop` hook asks for its drain: an IP address, because the kubelet resolves no names. `nil`:
    /// pods are stopped without being drained.
    public var drainAddress: Replica.Address?
    /// Ceiling of `target.timeout`, read whenever a Deployment is written, because settings change.
    public var requestTimeout: @Sendable () -> Duration
    /// Longest time that a start may take: after that nobody waits for a pod that runs and is not ready.
    public var startTimeout: @Sendable () -> Duration = { Timeouts().scaling * 9 / 10 }
    /// Whether functions may name a Secret, read whenever replicas are wanted, because settings change.
    public var allowsSecret: @Sendable (String) -> Bool = { _ in true }
    /// Time to drain of functions that name none.
    public var drainTimeout: @Sendable () -> Duration
    /// Secrets of ``functionsNamespace`` with which images are pulled, besides those of its service account.
    public var imagePullSecrets: [String] = []
    /// Name of the lease that makes a process the leader.
    public var leaseName = "f2s-leader"
    /// Time after which another process leads when the leader has died (`f2s.timeouts.failover_timeout`).
    public var failover = Timeouts().failover
    /// Time that another installation has to write the status of a Function of another namespace.
    var strayPatience = StrayBook.patience
    /// Events that are remembered.
    public var eventsMax = 1000
    /// Lines that a follower of logs may lag behind.
    public var logLinesMax = 1024

    /// The defaults.
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

    /// The name of a process among the peers and in the election: the name of its pod, in which one process runs at a
    /// time; outside of any pod the host's name and a random part, because two processes may run on one host.
    public static func identity(
        podName: String?, hostName: String, random: inout some RandomNumberGenerator
    ) -> String {
        if let podName, !podName.isEmpty { return podName }
        let number = UInt64.random(in: 0...UInt64.max, using: &random)
        let digits = String(number, radix: 16)
        return "\(hostName)_\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
