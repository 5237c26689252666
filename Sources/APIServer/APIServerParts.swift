public import F2SConfig
public import F2SMetrics
public import F2SModel

/// Everything that the API server shows or changes; `f2s/Application.swift` creates it.
public struct APIServerParts: Sendable {
    /// The platform that stores declarations and runs replicas.
    public var platform: Platform
    /// The declarations as the rest of F2S sees them.
    public var catalog: FunctionCatalog
    /// Remembers the last declarations of functions.
    public var archive: any DeclarationArchive
    /// The settings in force.
    public var settings: Latest<Settings>
    /// The metrics for `/metrics`.
    public var metrics: MetricRegistry
    /// Authenticates the callers.
    public var authenticator: any Authenticator
    /// Returns the settings of authentication and authorization in force. They may differ from ``settings``, because
    /// settings cannot end the authentication while other machines reach F2S.
    public var authSettings: @Sendable () -> AuthSettings
    /// Receives the actions of callers, and the requests that are refused; `nil` if nothing does.
    public var auditLog: (any AuditLog)?
    /// The Secrets of functions; `nil` if the platform has none.
    public var secrets: FunctionSecrets?
    /// Has the time series of functions for longer than this process; `nil` if nothing does.
    public var seriesSource: (any FunctionSeriesSource)?
    /// Stores the API tokens of callers. A change is in force when a call returns.
    public var tokens: any APITokenStore
    /// The operator's state.
    public var operatorInspector: any OperatorInspector
    /// The dispatcher's state.
    public var dispatcherInspector: any DispatcherInspector
    /// Counts the invocations of functions, for their time series. The API server must be its only reader.
    public var activity: any FunctionActivitySource
    /// The source of time of the time series.
    public var clock: any ControlClock
    /// Invokes functions.
    public var invoker: any Invoker
    /// Requests the start of a function's first replica.
    public var requestStart: @Sendable (Function.ID) -> Void
    /// The path of the Unix socket that the dispatcher relays to: under 100 bytes, in a folder that only F2S can
    /// access.
    public var socketPath: String
    /// The address of the operations listener; port 0 selects a free port.
    public var operationsAddress: (ip: String, port: Int)
    /// Returns true if this process accepts invocations: the response of `/ready`.
    public var isReady: @Sendable () -> Bool
    /// Returns the conditions that should be true of the installation.
    public var conditions: @Sendable () -> [InstallationCondition]
    /// Returns the `host:port` of the public listener. It is part of URLs, and an accepted Host of requests.
    public var publicAuthority: @Sendable () -> String
    /// Returns the `host:port` of the management listener; `nil` if there is no separate one.
    public var managementAuthority: @Sendable () -> String?
    /// The console; `nil` if there is none.
    public var console: ConsoleParts?
    /// Returns further host names of the public listener, in lower case.
    public var publicHosts: @Sendable () -> [String]
    /// Called once with the port of the operations listener after it was bound.
    public var onOperationsBound: @Sendable (Int) -> Void
    /// The version of F2S.
    public var version: String

    /// Creates the parts.
    public init(
        platform: Platform, catalog: FunctionCatalog, archive: any DeclarationArchive,
        settings: Latest<Settings>, metrics: MetricRegistry,
        authenticator: any Authenticator, tokens: any APITokenStore, operatorInspector: any OperatorInspector,
        dispatcherInspector: any DispatcherInspector, activity: any FunctionActivitySource,
        clock: any ControlClock, invoker: any Invoker,
        requestStart: @escaping @Sendable (Function.ID) -> Void,
        socketPath: String, operationsAddress: (ip: String, port: Int), isReady: @escaping @Sendable () -> Bool,
        conditions: @escaping @Sendable () -> [InstallationCondition] = { [] },
        publicAuthority: @escaping @Sendable () -> String,
        managementAuthority: @escaping @Sendable () -> String? = { nil },
        console: ConsoleParts? = nil,
        publicHosts: @escaping @Sendable () -> [String],
        onOperationsBound: @escaping @Sendable (Int) -> Void, version: String
    ) {
        self.platform = platform
        self.catalog = catalog
        self.archive = archive
        self.settings = settings
        authSettings = { settings.current.auth }
        self.metrics = metrics
        self.authenticator = authenticator
        self.tokens = tokens
        self.operatorInspector = operatorInspector
        self.dispatcherInspector = dispatcherInspector
        self.activity = activity
        self.clock = clock
        self.invoker = invoker
        self.requestStart = requestStart
        self.socketPath = socketPath
        self.operationsAddress = operationsAddress
        self.isReady = isReady
        self.conditions = conditions
        self.publicAuthority = publicAuthority
        self.managementAuthority = managementAuthority
        self.console = console
        self.publicHosts = publicHosts
        self.onOperationsBound = onOperationsBound
        self.version = version
    }

    /// Returns the current state of F2S, with the decisions of the leader.
    /// - Parameters:
    ///   - function: The only function whose decision is needed; `nil` for all.
    ///   - request: The request whose Host becomes part of URLs; `nil` to use the public listener's address.
    func observe(_ function: Function.ID? = nil, for request: APIRequest? = nil) async -> Observation {
        Observation(
            catalog: catalog.current, replicas: operatorInspector.currentReplicas(),
            load: dispatcherInspector.currentReport().load,
            explanations: await operatorInspector.fetchExplanations(of: function),
            publicOrigin: request?.invocationOrigin ?? publicOrigin())
    }

    /// Returns the scheme and authority of the public listener.
    func publicOrigin() -> String { settings.current.tls.origin(of: .public, at: publicAuthority()) }

    /// Returns the URL of the console's page for a client: that of the settings, or the console's own address. It is
    /// `nil` if there is no console, or until it is bound.
    /// - Parameter host: The Host by which the client reaches another listener of F2S.
    func consoleURL(for host: String?) -> String? {
        guard let console else { return nil }
        let settings = settings.current
        if let url = settings.consoleURL { return url + "/" }
        return console.authority().map {
            settings.tls.origin(of: .console, at: Authority.address(of: $0, for: host)) + "/"
        }
    }
}
