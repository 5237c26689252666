import CLinux
public import F2SModel

/// What the dispatcher is started with.
public struct DispatcherSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// Event loops, at least 1.
    public var loops: Int
    /// Path of the API server's Unix socket, under 100 bytes: everything but invocations goes there.
    public var apiSocketPath: String
    /// The listener of the management API; `nil`: the public listener serves that too.
    public var management: ManagementSettings?
    /// The listener for the platform's hooks and other F2S processes; `nil`: there is none.
    public var `internal`: InternalSettings?
    /// What may change while it runs.
    public var tuning: Tuning
    /// How many connections this process has descriptors for.
    public var descriptors = DescriptorBudget.unlimited
    /// Sockets that listen already; `nil`: they are opened.
    public var inherited: InheritedListeners?
    /// True if connections wait in the system's queue until ``Dispatcher/beginAccepting()``.
    public var holdsConnections = false

    /// As many loops as cores (those of the cgroup, where there is one) less one, which is the control plane's; at
    /// least one.
    public static var loopsDefault: Int { max(1, Int(f2s_processors()) - 1) }

    /// Bounds and times; see ``Dispatcher/apply(_:)-(Tuning)``.
    public struct Tuning: Sendable, Hashable {
        /// Bounds of heads, bodies, queues and connections.
        public var limits: Limits
        /// The three published times.
        public var timeouts: Timeouts
        /// Protocols for which a client may leave HTTP, in lower case.
        public var upgradeProtocols: [String]
        /// Proxies whose word about where a request came from counts.
        public var trustedProxies: [AddressRange]

        /// Bounds, times and rules.
        public init(
            limits: Limits = Limits(), timeouts: Timeouts = Timeouts(), upgradeProtocols: [String] = ["websocket"],
            trustedProxies: [AddressRange] = []
        ) {
            self.limits = limits
            self.timeouts = timeouts
            self.upgradeProtocols = upgradeProtocols
            self.trustedProxies = trustedProxies
        }
    }

    /// Settings.
    public init(
        host: String, port: Int, loops: Int, apiSocketPath: String, management: ManagementSettings? = nil,
        internal: InternalSettings? = nil, tuning: Tuning = Tuning()
    ) {
        self.host = host
        self.port = port
        self.loops = max(1, loops)
        self.apiSocketPath = apiSocketPath
        self.management = management
        self.internal = `internal`
        self.tuning = tuning
    }
}
