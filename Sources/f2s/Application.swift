import F2SAPIServer
import F2SAccess
import F2SConfig
import F2SDispatcher
import F2SLocal
import F2SMetrics
import F2SModel
import F2SOperator
import Logging
import ServiceLifecycle
import UnixSignals

/// The one place that knows every room: makes each part, hands it what it needs, and runs them all.
///
/// Read from top to bottom: the order in which the parts are made is the order in which they start, and the reverse of
/// the order in which they end.
struct Application {
    private let options: ServeOptions
    private let logger: Logger
    private let settings: SettingsFile
    private let metrics = MetricRegistry()
    private let local: LocalPlatform
    private let catalog: FunctionCatalog
    private let dispatcher: Dispatcher
    private let controller: Operator
    private let runtimeFolder: RuntimeFolder
    private let readiness = Latest(false)

    init(_ options: ServeOptions) throws {
        self.options = options
        settings = try SettingsFile(
            path: options.config, environment: options.environment, logger: Self.logger("config", nil))
        let initial = settings.latest.current
        let isProtected = initial.auth.kind != .none
        try Exposure.check("--listen", host: options.listen.host, isProtected: isProtected)
        try Exposure.check("--operations", host: options.operations.host, isProtected: isProtected)
        logger = Self.logger("f2s", initial)
        runtimeFolder = try RuntimeFolder(environment: options.environment)
        local = LocalPlatform(Self.localOptions(options, initial), logger: Self.logger("local", initial))
        catalog = FunctionCatalog(store: local.platform.functions, logger: Self.logger("config", initial))
        dispatcher = try Dispatcher(
            DispatcherSettings(
                host: options.listen.host, port: options.listen.port,
                loops: initial.loops ?? DispatcherSettings.loopsDefault,
                apiSocketPath: runtimeFolder.socketPath, tuning: Self.tuning(initial)),
            metrics: metrics)
        controller = Operator(
            platform: local.platform, dataPlane: dispatcher, metrics: metrics, logger: Self.logger("operator", initial),
            requestTimeout: { [latest = settings.latest] in latest.current.timeouts.request })
        ProcessMetrics(version: F2SVersion.current, platform: local.platform.name).register(in: metrics)
    }

    /// Serves until SIGTERM or SIGINT; a second SIGINT does not wait for work in hand.
    func run() async throws {
        defer { runtimeFolder.remove() }
        // The listener opens first: until the other parts are up, callers get 503 and not a refused connection.
        let port = try listen()
        let publicAddress = "\(options.listen.host):\(port)"
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // Named, because a service without a name is printed with all that it holds: 10 ms of a start.
                services: services(publicAddress).map { .init(service: $1, serviceName: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.logger("lifecycle", settings.latest.current))
        )
        do {
            try await group.run()
        } catch {
            dispatcher.stop()
            throw error
        }
        dispatcher.stop()
    }

    private func listen() throws -> Int {
        do {
            return try dispatcher.start()
        } catch {
            dispatcher.stop()
            throw ServeError.cannotListen(address: "\(options.listen.host):\(options.listen.port)", because: error)
        }
    }

    private func services(_ publicAddress: String) -> [(name: String, any Service)] {
        [
            ("settings", settings),
            ("local", local),
            ("catalog", catalog),
            ("operator", controller),
            ("wiring", wiring(publicAddress)),
            ("api", AfterReadiness(readiness: readiness, service: api(publicAddress))),
            (
                "dispatcher",
                DispatcherService(
                    dispatcher: dispatcher, readiness: readiness, settings: settings.latest, logger: logger)
            ),
        ]
    }

    private func api(_ publicAddress: String) -> APIServer {
        APIServer(apiParts(publicAddress), logger: Self.logger("api", settings.latest.current))
    }

    private func wiring(_ publicAddress: String) -> Wiring {
        Wiring(local: local, settings: settings, dispatcher: dispatcher, readiness: readiness) {
            [logger, folder = local.folder] snapshot in
            Announcement.serving(publicAddress)
            logger.info("\(Announcement.summary(of: snapshot, folder: folder))")
        }
    }

    private func apiParts(_ publicAddress: String) -> APIServerParts {
        APIServerParts(
            platform: local.platform, catalog: catalog, settings: settings.latest, metrics: metrics,
            authenticator: NoAuthentication(), operatorInspector: controller, dispatcherInspector: dispatcher,
            socketPath: runtimeFolder.socketPath,
            operationsAddress: (options.operations.host, options.operations.port),
            isReady: { [readiness] in readiness.current }, publicAuthority: { publicAddress },
            onOperationsBound: { [options] port in Announcement.operations("\(options.operations.host):\(port)") },
            version: F2SVersion.current)
    }

    private static func localOptions(_ options: ServeOptions, _ settings: Settings) -> LocalOptions {
        var environment = options.environment
        // An example says `f2s wrap`: the program that serves it must be found, wherever it was built.
        environment["PATH"] = [options.executableFolder, environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].joined(
            separator: ":")
        var local = LocalOptions(folder: options.folder, supervisor: options.executable, environment: environment)
        // Shorter than the longest wait of an invocation, so that the one who waits hears why.
        local.startTimeout = settings.timeouts.scaling * 9 / 10
        local.stopTimeout = settings.limits.drainTimeout
        return local
    }

    static func tuning(_ settings: Settings) -> DispatcherSettings.Tuning {
        DispatcherSettings.Tuning(limits: settings.limits, timeouts: settings.timeouts)
    }

    private static func logger(_ label: String, _ settings: Settings?) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = settings?.debug == true ? .debug : .info
        return logger
    }
}
