import F2SAPIServer
import F2SAccess
import F2SConfig
import F2SDispatcher
import F2SMetrics
import F2SModel
import F2SOperator
import Glibc
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
    private let place: Place
    private let catalog: FunctionCatalog
    private let dispatcher: Dispatcher
    private let controller: Operator
    /// `nil` where F2S is one process.
    private let peers: PeerParts?
    private let runtimeFolder: RuntimeFolder
    private let readiness = Latest(false)
    /// The newest snapshot that the dispatcher was given.
    private let routed = Latest(FunctionSnapshot())
    /// Where the public listener is reachable; port 0 becomes a number when it is bound.
    private let publicAuthority: Latest<String>
    /// What the limit of open files, as it was at the start, leaves for connections.
    private let descriptors: DescriptorBudget
    private let logs: LogOutput

    init(_ options: ServeOptions, logs: LogOutput) async throws {
        self.options = options
        descriptors = FileLimit.budget()
        self.logs = logs
        settings = try await Place.settings(options, logger: Self.logger("config", nil))
        let initial = settings.latest.current
        logs.set(initial.logFormat)
        let isProtected = initial.auth.kind != .none || options.allowsUnauthenticated
        // Whoever reaches the listener that functions are managed at can run code here.
        if let management = options.management {
            try Exposure.check("--management", host: management.host, isProtected: isProtected)
        } else {
            try Exposure.check("--listen", host: options.listen.host, isProtected: isProtected)
        }
        try Exposure.check("--operations", host: options.operations.host, isProtected: isProtected)
        logger = Self.logger("f2s", initial)
        place = try await Self.place(options, settings.latest)
        runtimeFolder = try RuntimeFolder(environment: options.environment)
        let authority = Latest(options.listen.text(port: options.listen.port))
        publicAuthority = authority
        catalog = FunctionCatalog(
            store: place.platform.functions, logger: Self.logger("config", initial),
            url: { "http://\(authority.current)/invoke\($0.route)" })
        dispatcher = try Dispatcher(
            Self.dispatcherSettings(options, initial, place, runtimeFolder, descriptors), metrics: metrics)
        let latest = settings.latest
        let link = place.tokens.map { [place, dispatcher, metrics] _ in
            PeerLink(
                platform: place.platform, dataPlane: dispatcher, metrics: metrics,
                logger: Self.logger("peers", initial))
        }
        controller = Operator(
            platform: place.platform, dataPlane: dispatcher, link: link, metrics: metrics,
            logger: Self.logger("operator", initial), requestTimeout: { latest.current.timeouts.request },
            drainTimeout: { latest.current.limits.drainTimeout })
        peers = link.map { [place, dispatcher, metrics, controller, runtimeFolder] link in
            let desk = DrainDesk(
                platform: place.platform, dataPlane: dispatcher, controller: controller, link: link, metrics: metrics,
                logger: Self.logger("drain", initial))
            let server = InternalServer(
                desk: desk, socketPath: runtimeFolder.internalSocketPath,
                tokens: { [place] in place.tokens?.current ?? PeerTokens() },
                drainLimit: { [controller] in controller.drainLimit(of: $0) },
                logger: Self.logger("internal", initial))
            return PeerParts(link: link, desk: desk, server: server)
        }
        ProcessMetrics(version: F2SVersion.current, platform: place.platform.name).register(in: metrics)
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP; a second SIGINT ends at once.
    func run() async throws {
        defer { runtimeFolder.remove() }
        let addresses = [("--listen", options.listen)] + (place.tokens == nil ? [] : [("--internal", options.internal)])
        // A parent listens already.
        try AddressCheck.run([("--operations", options.operations)] + (options.handover == nil ? addresses : []))
        // The listener opens first: until the other parts are up, callers get 503 and not a refused connection.
        await FileLimit.openTimers()
        sayDescriptors()
        let port = try listen()
        let publicAddress = options.listen.text(port: port)
        publicAuthority.publish(publicAddress)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // Named, because a service without a name is printed with all that it holds: 10 ms of a start.
                services: services(publicAddress).map { .init(service: $1, serviceName: $0) },
                logger: Self.logger("lifecycle", settings.latest.current)))
        do {
            try await EndSignals(group: group, whenEnding: sayWhatIsWaitedFor, whenEndedAtOnce: endAtOnce).run()
        } catch {
            dispatcher.stop()
            throw error
        }
        dispatcher.stop()
    }

    private var sayWhatIsWaitedFor: @Sendable () -> Void {
        { [logger, ending] in logger.info("\(ending().beginning)") }
    }

    /// Replicas end with this process: the launcher notices.
    private var endAtOnce: @Sendable () -> Void {
        { [logger, ending, runtimeFolder] in
            logger.warning("Ended at once: \(ending().counted).")
            runtimeFolder.remove()
            _exit(EndSignals.interruptedStatus)
        }
    }

    private var ending: @Sendable () -> EndingText {
        { [dispatcher, catalog, settings] in
            let names = catalog.current.functions.map { ($0.id, $0.name) }
            return EndingText(
                load: dispatcher.currentLoad(), names: Dictionary(names) { first, _ in first },
                drainTimeout: settings.latest.current.limits.drainTimeout,
                shutdownDelay: settings.latest.current.shutdownDelay)
        }
    }

    /// A lower limit than the one that is set surprises its operator, so the log says where it comes from.
    private func sayDescriptors() {
        let wanted = settings.latest.current.limits.connectionsMax
        let connections = min(wanted, descriptors.clientConnectionsMax)
        logger.log(
            level: connections < wanted ? .notice : .info,
            "File descriptors are shared out: raise the limit of open files for more connections.",
            metadata: [
                "limit": "\(descriptors.limit)", "reserve": "\(descriptors.reserve)",
                "client_connections": "\(connections)", "f2s.limits.connections": "\(wanted)",
            ])
    }

    private func listen() throws -> Int {
        do {
            return try dispatcher.start()
        } catch {
            dispatcher.stop()
            let all =
                [options.listen] + (options.management.map { [$0] } ?? [])
                + (place.tokens == nil ? [] : [options.internal])
            throw ServeError.cannotListen(
                address: all.map { $0.text(port: $0.port) }.joined(separator: " or "), because: error)
        }
    }

    private func services(_ publicAddress: String) -> [(name: String, any Service)] {
        var services: [(name: String, any Service)] = [
            ("settings", settings), (place.platform.name, place.service),
            // An empty state before the first would make each function that is declared a line of the log.
            ("catalog", Deferred(until: place.waitUntilLoaded, service: catalog)),
        ]
        if let object = place.storedSettings, let name = options.settingsObject {
            services.append(
                (
                    "stored settings",
                    StoredSettingsService(
                        object: object, place: options.settingsPlace(name), settings: settings,
                        isLeader: { [place] in place.platform.election.isLeader }, logger: logger)
                ))
        }
        services.append(
            ("conditions", ConditionService(conditions: conditions, report: place.report, logger: logger)))
        if let peers { services.append(("peers", peers.link)) }
        // Who plans with a half of what there is takes the rest for gone.
        services.append(("operator", Deferred(until: place.waitUntilLoaded, service: controller)))
        // Before the others are known, nobody could be asked whether they have a replica in hand: hooks wait.
        if let peers { services.append(("drain", Deferred(until: place.waitUntilLoaded, service: peers.desk))) }
        services.append(("wiring", wiring(publicAddress)))
        services.append(("api", Deferred(until: whenReady, service: api(publicAddress))))
        if let peers { services.append(("internal", peers.server)) }
        services.append(("dispatcher", dispatcherService))
        return services
    }

    /// What should be true of the installation, as this process sees it.
    private var conditions: @Sendable () -> [InstallationCondition] {
        { [settings, peers] in
            var conditions = [settings.condition]
            if let peers { conditions.append(peers.condition) }
            return conditions
        }
    }

    /// Invocations are served: the API's own start must not keep the first of them waiting.
    private var whenReady: @Sendable () async -> Void {
        { [readiness] in
            for await isReady in readiness.values() where isReady { return }
        }
    }

    private var dispatcherService: DispatcherService {
        DispatcherService(
            dispatcher: dispatcher, readiness: readiness, settings: settings.latest,
            leave: { [place, peers] in
                peers?.link.leave()
                await place.resign()
            }, ending: ending, logger: logger)
    }

    private func api(_ publicAddress: String) -> APIServer {
        APIServer(apiParts(publicAddress), logger: Self.logger("api", settings.latest.current))
    }

    private func wiring(_ publicAddress: String) -> Wiring {
        Wiring(
            place: place, settings: settings, logs: logs, dispatcher: dispatcher, link: peers?.link,
            readiness: readiness, routed: routed, logger: logger, descriptors: descriptors
        ) { [logger, place, options, dispatcher] snapshot in
            Announcement.serving(publicAddress)
            if let port = dispatcher.managementPort, let management = options.management {
                Announcement.management(management.text(port: port))
            }
            if let port = dispatcher.internalPort { Announcement.internal(options.internal.text(port: port)) }
            logger.info("\(Announcement.summary(of: snapshot, place))")
        }
    }

    private func apiParts(_ publicAddress: String) -> APIServerParts {
        APIServerParts(
            platform: routedPlatform, catalog: catalog, settings: settings.latest, metrics: metrics,
            authenticator: NoAuthentication(), operatorInspector: controller, dispatcherInspector: dispatcher,
            requestStart: { [dispatcher] in dispatcher.requestStart(of: $0) }, socketPath: runtimeFolder.socketPath,
            operationsAddress: (options.operations.host, options.operations.port),
            isReady: { [readiness, settings] in readiness.current && settings.isUsable },
            conditions: conditions, publicAuthority: { publicAddress },
            managementAuthority: { [options, dispatcher] in
                dispatcher.managementPort.flatMap { port in options.management?.text(port: port) }
            },
            publicHosts: { [place, settings] in place.hosts + settings.latest.current.publicHosts },
            onOperationsBound: { [options] port in Announcement.operations(options.operations.text(port: port)) },
            version: F2SVersion.current)
    }

    /// The platform as the API writes to it: what it has declared is invoked by the next request.
    private var routedPlatform: Platform {
        let platform = place.platform
        return Platform(
            name: platform.name,
            functions: RoutedStore(platform.functions, routed: routed) { [dispatcher] in
                await dispatcher.waitForLoops()
            }, replicas: platform.replicas, election: platform.election, peers: platform.peers,
            events: platform.events)
    }

    private static func place(_ options: ServeOptions, _ settings: Latest<Settings>) async throws -> Place {
        let initial = settings.current
        switch options.platform {
        case .local: return try .local(options, initial, logger: logger("local", initial))
        case .kubernetes: return try await .kubernetes(options, settings, logger: logger("kubernetes", initial))
        }
    }

    private static func dispatcherSettings(
        _ options: ServeOptions, _ settings: Settings, _ place: Place, _ folder: RuntimeFolder,
        _ descriptors: DescriptorBudget
    ) -> DispatcherSettings {
        var dispatcher = DispatcherSettings(
            host: options.listen.host, port: options.listen.port,
            loops: settings.loops ?? DispatcherSettings.loopsDefault, apiSocketPath: folder.socketPath,
            management: options.management.map { ManagementSettings(host: $0.host, port: $0.port) },
            internal: place.tokens.map { tokens in
                InternalSettings(
                    host: options.internal.host, port: options.internal.port,
                    socketPath: folder.internalSocketPath, tokens: tokens.current)
            }, tuning: tuning(settings, descriptors))
        dispatcher.descriptors = descriptors
        dispatcher.inherited = options.handover?.listeners
        // Callers are used to being served here: they wait for the moment of a restart.
        dispatcher.holdsConnections = options.isRestarted
        return dispatcher
    }

    static func tuning(_ settings: Settings, _ descriptors: DescriptorBudget) -> DispatcherSettings.Tuning {
        DispatcherSettings.Tuning(
            limits: descriptors.applied(to: settings.limits), timeouts: settings.timeouts,
            upgradeProtocols: settings.upgradeProtocols, trustedProxies: settings.trustedProxies)
    }

    private static func logger(_ label: String, _ settings: Settings?) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = settings?.debug == true ? .debug : .info
        return logger
    }
}
