public import F2SModel

/// Everything that an operator sets: `config.yaml` and the environment.
public struct Settings: Sendable, Hashable {
    /// Whether F2S logs what only its developers look for (`debug`).
    public var debug = false
    /// Where Prometheus answers, `http://…` or `https://…` (`prometheus.url`); `nil`: there is none.
    public var prometheusURL: String?
    /// Times of an invocation (`f2s.timeouts`, milliseconds).
    public var timeouts = Timeouts()
    /// Bounds of the data plane (`f2s.limits`).
    public var limits = Limits()
    /// Who may call (`f2s.auth`).
    public var auth = AuthSettings()
    /// Event loops of the dispatcher, 1…256 (`f2s.loops`); `nil`: as many as cores less one, at least one.
    public var loops: Int?
    /// How long F2S goes on accepting when it is told to end, so that whoever sends it work has time to notice
    /// (`f2s.shutdown_delay`, milliseconds).
    public var shutdownDelay = Duration.zero
    /// Names by which people reach F2S, in lower case, without a port (`f2s.public_hosts`): pages and requests under
    /// others are strangers'.
    public var publicHosts: [String] = []
    /// Whether links that lead out of the folder of manifests are followed, and other file systems below it entered
    /// (`f2s.follow_links`). Read at the start.
    public var followsLinks = false
    /// Proxies whose word about where a request came from counts (`f2s.trusted_proxies`).
    public var trustedProxies: [AddressRange] = []
    /// Protocols for which a client of a function may leave HTTP by `Upgrade`, in lower case (`f2s.upgrade_protocols`).
    public var upgradeProtocols = ["websocket"]
    /// The form of F2S' own log lines (`f2s.log_format`).
    public var logFormat = LogFormat.text
    /// Names of the Secrets that functions may name (`f2s.allowed_secrets`); Kubernetes only.
    public var allowedSecrets: [NamePattern] = [.any]

    /// The defaults.
    public init() {}

    /// Whether a function may name this Secret.
    public func allowsSecret(_ name: String) -> Bool { allowedSecrets.contains { $0.matches(name) } }
}

/// The form of log lines.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// A line for people.
    case text
    /// One JSON object per line.
    case json
}

/// Who may call (`f2s.auth.global_config`).
public struct AuthSettings: Sendable, Hashable {
    /// How callers prove who they are.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// They need not: everybody may do everything, and F2S listens on loopback only.
        case none
    }

    /// How callers prove who they are (`type`).
    public var kind = Kind.none

    /// The defaults.
    public init() {}
}
