import CLinux
public import F2SModel

/// The settings with which the dispatcher starts.
public struct DispatcherSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// The number of event loops, at least 1.
    public var loops: Int
    /// Path of the API server's Unix socket, under 100 bytes. Everything but invocations goes there.
    public var apiSocketPath: String
    /// The listener of the management API; `nil` if the public listener serves that API too.
    public var management: ManagementSettings?
    /// The listener of the console; `nil` if there is none.
    public var console: ConsoleSettings?
    /// The listener for the platform's hooks and other F2S processes; `nil` if there is none.
    public var `internal`: InternalSettings?
    /// The settings that may change at run time.
    public var tuning: Tuning
    /// Identifies the callers of functions; `nil` if callers are not authenticated.
    public var authenticator: (any Authenticator)?
    /// Identifies users who have signed in at a function; `nil` if there is no console.
    public var logins: (any FunctionLoginProvider)?
    /// Receives the invocations that have ended while ``Tuning/logsAccess`` is true; `nil` if nothing does.
    public var accessLog: (any AccessLog)?
    /// Receives the requests that are refused because of their caller; `nil` if nothing does.
    public var auditLog: (any AuditLog)?
    /// The TLS of the listeners at the start, see ``Dispatcher/apply(_:)-(ListenerTLS?)``; `nil` if none has TLS.
    public var tls: ListenerTLS?
    /// The number of connections for which this process has descriptors.
    public var descriptors = DescriptorBudget.unlimited
    /// Sockets that already listen; `nil` if the dispatcher opens its own.
    public var inherited: InheritedListeners?
    /// True if connections wait in the system's queue until ``Dispatcher/beginAccepting()``.
    public var holdsConnections = false

    /// The default number of loops: one for each processor (of the cgroup, if there is one) except the one for the
    /// control plane, and at least 1.
    public static var loopsDefault: Int { max(1, Int(f2s_processors()) - 1) }

    /// Limits, timeouts and rules; see ``Dispatcher/apply(_:)-(Tuning)``.
    public struct Tuning: Sendable, Hashable {
        /// Limits of heads, bodies, queues and connections.
        public var limits: Limits
        /// The published timeouts.
        public var timeouts: Timeouts
        /// Protocols for which a client may leave HTTP, in lower case.
        public var upgradeProtocols: [String]
        /// Proxies that are trusted to report the origin of a request.
        public var trustedProxies: [AddressRange]
        /// True if each connection from a trusted proxy begins with a header of the PROXY protocol. It applies to all
        /// listeners but the internal one, and to connections that are accepted from now on.
        public var requiresProxyHeader: Bool
        /// The values of WWW-Authenticate, one per method of authentication; empty if callers are not authenticated.
        public var challenges: [String]
        /// True if each invocation is recorded in the access log.
        public var logsAccess: Bool

        /// True if callers are authenticated.
        var authenticatesCallers: Bool { !challenges.isEmpty }

        /// Creates a tuning; every value that is not given has its default.
        public init(
            limits: Limits = Limits(), timeouts: Timeouts = Timeouts(), upgradeProtocols: [String] = ["websocket"],
            trustedProxies: [AddressRange] = [], requiresProxyHeader: Bool = false,
            challenges: [String] = [], logsAccess: Bool = false
        ) {
            self.limits = limits
            self.timeouts = timeouts
            self.upgradeProtocols = upgradeProtocols
            self.trustedProxies = trustedProxies
            self.requiresProxyHeader = requiresProxyHeader
            self.challenges = challenges
            self.logsAccess = logsAccess
        }
    }

    /// Creates settings.
    public init(
        host: String, port: Int, loops: Int, apiSocketPath: String, management: ManagementSettings? = nil,
        console: ConsoleSettings? = nil, internal: InternalSettings? = nil, tuning: Tuning = Tuning()
    ) {
        self.host = host
        self.port = port
        self.loops = max(1, loops)
        self.apiSocketPath = apiSocketPath
        self.management = management
        self.console = console
        self.internal = `internal`
        self.tuning = tuning
    }
}

/// The settings of the management listener. If there is one, the public listener serves only functions and `/health`.
public struct ManagementSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int

    /// Creates settings.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// The settings of the listener of the console, which serves its pages and the API that they use.
public struct ConsoleSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// Path of the Unix socket, under 100 bytes, to which everything but invocations goes. Invocations are rejected.
    public var socketPath: String

    /// Creates settings.
    public init(host: String, port: Int, socketPath: String) {
        self.host = host
        self.port = port
        self.socketPath = socketPath
    }
}

/// The settings of the internal listener, which only F2S processes and the platform's hooks reach.
public struct InternalSettings: Sendable {
    /// IP address to listen on.
    public var host: String
    /// TCP port to listen on; 0 picks a free one.
    public var port: Int
    /// Path of the Unix socket, under 100 bytes, to which everything but invocations goes unchanged.
    public var socketPath: String
    /// The first tokens that F2S processes show to each other, see ``Dispatcher/trust(_:)``. Without a token,
    /// invocations on this listener are rejected, and nothing is forwarded.
    public var tokens: PeerTokens

    /// Creates settings.
    public init(host: String, port: Int, socketPath: String, tokens: PeerTokens) {
        self.host = host
        self.port = port
        self.socketPath = socketPath
        self.tokens = tokens
    }
}

/// Sockets that already listen. The parent process opened them, and keeps them open.
public struct InheritedListeners: Sendable, Hashable {
    /// Descriptor of the listener for ``DispatcherSettings/host`` and `port`.
    public var main: Int32
    /// Descriptor of the listener for ``DispatcherSettings/management``.
    public var management: Int32?
    /// Descriptor of the listener for ``DispatcherSettings/console``.
    public var console: Int32?
    /// Descriptor of the listener for ``DispatcherSettings/internal``.
    public var `internal`: Int32?

    /// The descriptors of all listeners.
    public var descriptors: [Int32] { [main, management, console, self.internal].compactMap(\.self) }

    /// Creates listeners from their descriptors.
    public init(main: Int32, management: Int32? = nil, console: Int32? = nil, `internal`: Int32? = nil) {
        self.main = main
        self.management = management
        self.console = console
        self.internal = `internal`
    }
}
