public import F2SConfig
public import F2SMetrics
public import F2SModel

/// Everything that the API server shows or changes; `f2s/Application.swift` puts it together.
public struct APIServerParts: Sendable {
    /// Where declarations are kept and replicas run.
    public var platform: Platform
    /// Every declaration as the rest of F2S sees it.
    public var catalog: FunctionCatalog
    /// The settings in force.
    public var settings: Latest<Settings>
    /// What `/metrics` shows.
    public var metrics: MetricRegistry
    /// Who calls.
    public var authenticator: any Authenticator
    /// What the operator shows of itself.
    public var operatorInspector: any OperatorInspector
    /// What the dispatcher shows of itself.
    public var dispatcherInspector: any DispatcherInspector
    /// Asks for a first replica of a function.
    public var requestStart: @Sendable (Function.ID) -> Void
    /// Path of the Unix socket that the dispatcher relays to, under 100 bytes, in a folder that only we can enter.
    public var socketPath: String
    /// Address of the operations listener; port 0 picks a free one.
    public var operationsAddress: (ip: String, port: Int)
    /// Whether this process takes invocations: the answer of `/ready`.
    public var isReady: @Sendable () -> Bool
    /// What should be true of the installation.
    public var conditions: @Sendable () -> [InstallationCondition]
    /// Where the public listener is reachable, `host:port`: part of URLs, and the Host that a request may name.
    public var publicAuthority: @Sendable () -> String
    /// Where the management listener is reachable, `host:port`; `nil`: it has no listener of its own.
    public var managementAuthority: @Sendable () -> String?
    /// Names in lower case by which the public listener is reached besides.
    public var publicHosts: @Sendable () -> [String]
    /// Called once with the port of the operations listener when it is bound.
    public var onOperationsBound: @Sendable (Int) -> Void
    /// Version of F2S.
    public var version: String

    /// The parts.
    public init(
        platform: Platform, catalog: FunctionCatalog, settings: Latest<Settings>, metrics: MetricRegistry,
        authenticator: any Authenticator, operatorInspector: any OperatorInspector,
        dispatcherInspector: any DispatcherInspector, requestStart: @escaping @Sendable (Function.ID) -> Void,
        socketPath: String, operationsAddress: (ip: String, port: Int), isReady: @escaping @Sendable () -> Bool,
        conditions: @escaping @Sendable () -> [InstallationCondition] = { [] },
        publicAuthority: @escaping @Sendable () -> String,
        managementAuthority: @escaping @Sendable () -> String? = { nil },
        publicHosts: @escaping @Sendable () -> [String],
        onOperationsBound: @escaping @Sendable (Int) -> Void, version: String
    ) {
        self.platform = platform
        self.catalog = catalog
        self.settings = settings
        self.metrics = metrics
        self.authenticator = authenticator
        self.operatorInspector = operatorInspector
        self.dispatcherInspector = dispatcherInspector
        self.requestStart = requestStart
        self.socketPath = socketPath
        self.operationsAddress = operationsAddress
        self.isReady = isReady
        self.conditions = conditions
        self.publicAuthority = publicAuthority
        self.managementAuthority = managementAuthority
        self.publicHosts = publicHosts
        self.onOperationsBound = onOperationsBound
        self.version = version
    }

    /// What F2S sees now; decisions as the process that leads has taken them.
    /// - Parameters:
    ///   - function: the only one whose decision is wanted; `nil`: all.
    ///   - request: URLs begin with the authority by which its sender knows F2S; `nil`: with the listener's own.
    func observe(_ function: Function.ID? = nil, for request: APIRequest? = nil) async -> Observation {
        Observation(
            catalog: catalog.current, replicas: operatorInspector.currentReplicas(),
            load: dispatcherInspector.currentReport().load,
            explanations: await operatorInspector.fetchExplanations(of: function),
            publicAuthority: request?.authority ?? publicAuthority())
    }
}
