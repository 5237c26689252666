public import F2SModel

/// All settings: those of `config.yaml` and of the environment.
public struct Settings: Sendable, Hashable {
    /// True if F2S logs messages for its developers (`debug`).
    public var debug = false
    /// The URL of Prometheus, `http://…` or `https://…` (`prometheus.url`); `nil` if there is none.
    public var prometheusURL: String?
    /// The timeouts of an invocation (`f2s.timeouts`, in milliseconds).
    public var timeouts = Timeouts()
    /// The limits of the data plane (`f2s.limits`).
    public var limits = Limits()
    /// The authentication of callers (`f2s.auth`).
    public var auth = AuthSettings()
    /// The TLS of the listeners (`f2s.tls`).
    public var tls = TLSSettings()
    /// The number of the dispatcher's event loops, 1…256 (`f2s.loops`). If `nil`, it is the number of cores minus one,
    /// at least one.
    public var loops: Int?
    /// The time that F2S continues to accept requests after it was asked to shut down, so that load balancers and
    /// clients can notice (`f2s.shutdown_delay`, in milliseconds).
    public var shutdownDelay = Duration.zero
    /// The host names of F2S, in lower case, without a port (`f2s.public_hosts`). F2S treats pages and requests under
    /// other names as foreign.
    public var publicHosts: [String] = []
    /// The URL at which browsers reach the console, `http://…` or `https://…` without a path (`f2s.console_url`); `nil`
    /// if it is the console's own address.
    public var consoleURL: String?
    /// The URL at which browsers reach the public listener (`f2s.public_url`); `nil` if it is that listener's address.
    public var publicURL: String?
    /// True if F2S follows links that lead out of the folder of manifests, and enters other file systems below it
    /// (`f2s.follow_links`). It is read at the start.
    public var followsLinks = false
    /// The proxies whose information about the origin of a request is trusted (`f2s.trusted_proxies`).
    public var trustedProxies: [AddressRange] = []
    /// True if each connection from a trusted proxy begins with a header of the PROXY protocol (`f2s.proxy_protocol`).
    /// It needs ``trustedProxies``.
    public var requiresProxyHeader = false
    /// The protocols to which a client of a function may switch by `Upgrade`, in lower case (`f2s.upgrade_protocols`).
    public var upgradeProtocols = ["websocket"]
    /// The format of F2S's own log lines (`f2s.log_format`).
    public var logFormat = LogFormat.text
    /// The format of the access log (`f2s.access_log`).
    public var accessLogFormat = AccessLogFormat.none
    /// The path of the access log; `nil` for standard output (`f2s.access_log_file`).
    public var accessLogFile: String?
    /// True if actions of callers and refused requests are recorded in the audit log (`f2s.audit_log`).
    public var auditsRequests = true
    /// The path of the audit log; `nil` for standard error (`f2s.audit_log_file`).
    public var auditLogFile: String?
    /// The names of the Secrets that functions may use (`f2s.allowed_secrets`); Kubernetes only.
    public var allowedSecrets: [NamePattern] = [.any]
    /// The images in which Kubernetes runs functions from source text, by their runtimes (`f2s.runtimes.*.image`). A
    /// runtime without an image needs `target.containerImage`.
    public var runtimeImages: [SourceCode.Runtime: String] = [
        .python: "python:3.12-slim", .node: "node:22-slim",
    ]

    /// Creates settings with the defaults.
    public init() {}

    /// ``publicHosts``, and the hosts of ``publicURL`` and ``consoleURL``.
    public var knownHosts: [String] {
        publicHosts + [publicURL, consoleURL].compactMap(\.self).compactMap(HTTPAddress.host(of:))
    }

    /// Returns true if a function may use this Secret.
    public func allowsSecret(_ name: String) -> Bool { allowedSecrets.contains { $0.matches(name) } }
}

/// The format of log lines.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// One line of text for people.
    case text
    /// One JSON object per line.
    case json
}

/// The format of the access log.
public enum AccessLogFormat: String, Sendable, Hashable, CaseIterable {
    /// There is no access log.
    case none
    /// One JSON object per line.
    case json
    /// The combined log format of Apache httpd and nginx.
    case combined
}
