import F2SAPIServer
import F2SAccess
import F2SConfig
import F2SDispatcher
import F2SMetrics
import F2SModel
import F2SOperator
import F2SPeers
import F2SPrometheus
import F2SSystem
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// The composition root: it creates every component, passes it its dependencies, and runs all components.
///
/// The services start in the order of ``services(_:)``, and end in the reverse order.
struct Application {
    private let options: ServeOptions
    private let logger: Logger
    private let settings: SettingsFile
    private let metrics = MetricRegistry()
    private let context: PlatformContext
    private let catalog: FunctionCatalog
    private let authentication: CallerAuthentication
    /// The sessions of the people who use the console.
    private let sessions: ConsoleSessions
    /// The access log and the audit log.
    private let requestLog: RequestLogOutput
    private let dispatcher: Dispatcher
    private let controller: Operator
    private let certificates: ListenerCertificates
    private let prometheus: PrometheusClient
    /// The connection to other F2S processes; `nil` if F2S is a single process.
    private let peers: PeerParts?
    private let runtimeFolder: RuntimeFolder
    private let readiness = Latest(false)
    /// The newest snapshot that the dispatcher has received.
    private let routed = Latest(FunctionSnapshot())
    /// The address of the public listener. Port 0 is replaced when the socket is bound.
    private let publicAuthority: Latest<String>
    /// The descriptors for connections within the limit of open files, which is read at the start.
    private let descriptors: DescriptorBudget
    private let logs: LogOutput

    /// - Parameter errors: Writes the log to standard error.
    init(_ options: ServeOptions, logs: LogOutput, errors: LogWriter) async throws {
        self.options = options
        descriptors = FileLimit.budget()
        self.logs = logs
        settings = try await PlatformContext.settings(options, logger: Self.logger("config", nil))
        let initial = settings.latest.current
        logs.set(initial.logFormat)
        // Without usable settings every caller is refused, until there are some.
        if settings.isUsable, !initial.auth.isProtected, !options.allowsUnauthenticated { try Exposure.check(options) }
        logger = Self.logger("f2s", initial)
        runtimeFolder = try RuntimeFolder(environment: options.environment)
        do {
            context = try await Self.makeContext(options, settings.latest, runtimeFolder)
        } catch {
            runtimeFolder.remove()
            throw error
        }
        let authority = Latest(options.listen.text(port: options.listen.port))
        publicAuthority = authority
        catalog = FunctionCatalog(
            store: context.platform.functions, logger: Self.logger("config", initial),
            url: { [latest = settings.latest] in
                let settings = latest.current
                let origin = settings.publicURL ?? settings.tls.origin(of: .public, at: authority.current)
                return "\(origin)/invoke\($0.route)"
            })
        let clock = SystemControlClock()
        // Without usable settings it is unknown who the callers are.
        authentication = CallerAuthentication(
            settings.isUsable ? initial.auth : .refusing, tokens: context.apiTokens.tokens, clock: clock,
            logger: Self.logger("access", initial))
        sessions = ConsoleSessions(
            authentication: authentication, keys: Self.sessionKeys(context.tokens), clock: clock)
        requestLog = RequestLogOutput(metrics: metrics, errors: errors, logger: Self.logger("access", initial))
        requestLog.apply(initial, isProtected: authentication.isProtected)
        var data = Self.dispatcherSettings(options, initial, context, runtimeFolder, descriptors, authentication)
        data.tls = try ListenerTLS(initial.tls)
        if options.console != nil { data.logins = sessions }
        (data.accessLog, data.auditLog) = (requestLog, requestLog)
        dispatcher = try Dispatcher(data, metrics: metrics)
        certificates = ListenerCertificates(
            initial: initial.tls, settings: settings.latest, dispatcher: dispatcher, logger: logger)
        let latest = settings.latest
        prometheus = PrometheusClient(url: { latest.current.prometheusURL }, clock: clock)
        let link = context.tokens.map { [context, dispatcher, metrics] _ in
            PeerLink(
                platform: context.platform, dataPlane: dispatcher, metrics: metrics,
                logger: Self.logger("peers", initial), clock: clock)
        }
        controller = Operator(
            platform: context.platform, dataPlane: dispatcher, peers: link, metrics: metrics,
            logger: Self.logger("operator", initial), clock: clock, requestTimeout: { latest.current.timeouts.request },
            drainTimeout: { latest.current.limits.drainTimeout })
        peers = link.map { [context, dispatcher, metrics, controller, runtimeFolder] link in
            let coordinator = DrainCoordinator(
                platform: context.platform, dataPlane: dispatcher, controller: controller, link: link, metrics: metrics,
                logger: Self.logger("drain", initial), clock: clock)
            let server = InternalServer(
                coordinator: coordinator, socketPath: runtimeFolder.internalSocketPath,
                tokens: { [context] in context.tokens?.current ?? PeerTokens() },
                drainLimit: { [controller] in controller.drainLimit(of: $0) },
                logger: Self.logger("internal", initial), clock: clock)
            let inspector = LeaderInspector(own: controller, election: context.platform.election, link: link)
            return PeerParts(link: link, coordinator: coordinator, inspector: inspector, server: server)
        }
        ProcessMetrics(version: F2SVersion.current, platform: context.platform.name) { path in
            try? ReadableFile.read(path, bytesMax: 1 << 20)
        }.register(in: metrics)
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP. A second SIGINT ends the process at once.
    func run() async throws {
        defer {
            runtimeFolder.remove()
            requestLog.flush()
        }
        let addresses =
            [("--listen", options.listen)] + (options.console.map { [("--console", $0)] } ?? [])
            + (context.tokens == nil ? [] : [("--internal", options.internal)])
        // With a parent process, the other sockets are open already.
        try AddressCheck.run([("--operations", options.operations)] + (options.handover == nil ? addresses : []))
        // The listener opens first. Until the other components run, callers get 503 and not a refused connection.
        await FileLimit.openTimers()
        sayDescriptors()
        let port = try listen()
        let publicAddress = options.listen.text(port: port)
        publicAuthority.publish(publicAddress)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // Each service has a name, because the description of a service without one takes 10 ms of a start.
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

    /// Ends the process at once. Its replicas end too, because the launcher detects the end of this process.
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

    /// Logs the limit of client connections. It may be lower than the setting, so the log shows the cause.
    private func sayDescriptors() {
        let wanted = settings.latest.current.limits.connectionsMax
        let connections = min(wanted, descriptors.clientConnectionsMax)
        logger.log(
            level: connections < wanted ? .notice : .info,
            "The limit of open files bounds the client connections: raise it for more connections.",
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
                [options.listen] + [options.management, options.console].compactMap(\.self)
                + (context.tokens == nil ? [] : [options.internal])
            throw ServeError.cannotListen(
                address: all.map { $0.text(port: $0.port) }.joined(separator: " or "), because: error)
        }
    }

    private func services(_ publicAddress: String) -> [(name: String, any Service)] {
        var services: [(name: String, any Service)] = [
            ("settings", settings), (context.platform.name, context.service), ("authentication", authentication),
            // With an empty snapshot first, the log would report every existing function as newly declared.
            ("catalog", Deferred(until: context.waitUntilLoaded, service: catalog)),
        ]
        if let object = context.storedSettings, let name = options.settingsObject {
            services.append(
                (
                    "stored settings",
                    StoredSettingsService(
                        object: object, location: options.settingsLocation(name), settings: settings,
                        isLeader: { [context] in context.platform.election.isLeader }, logger: logger)
                ))
        }
        if let token = context.initialToken, let group = options.initialTokenGroup {
            services.append(
                (
                    "initial token",
                    InitialTokenService(
                        token: token, group: group, settings: settings.latest, clock: SystemControlClock(),
                        logger: logger)
                ))
        }
        services.append(
            ("conditions", ConditionService(conditions: conditions, report: context.report, logger: logger)))
        if let peers { services.append(("peers", peers.link)) }
        // With incomplete data, the operator would treat the missing functions and replicas as deleted.
        services.append(("operator", Deferred(until: context.waitUntilLoaded, service: controller)))
        // Until the peers are known, the coordinator cannot ask them if a replica is in use, so the hooks wait.
        if let peers {
            services.append(("drain", Deferred(until: context.waitUntilLoaded, service: peers.coordinator)))
        }
        services.append(("wiring", wiring(publicAddress)))
        services.append(("prometheus", prometheus))
        services.append(("api", Deferred(until: whenReady, service: api(publicAddress))))
        if let peers { services.append(("internal", peers.server)) }
        services.append(("dispatcher", dispatcherService))
        return services
    }

    /// The conditions of the installation from the view of this process.
    private var conditions: @Sendable () -> [InstallationCondition] {
        { [settings, peers] in
            var conditions = [settings.condition]
            if let peers { conditions.append(peers.condition) }
            return conditions
        }
    }

    /// Waits until invocations are served. The start of the API must not delay the first of them.
    private var whenReady: @Sendable () async -> Void {
        { [readiness] in
            for await isReady in readiness.values() where isReady { return }
        }
    }

    private var dispatcherService: DispatcherService {
        DispatcherService(
            dispatcher: dispatcher, readiness: readiness, settings: settings.latest,
            leave: { [context, peers] in
                peers?.link.leave()
                await context.resign()
            }, ending: ending, logger: logger)
    }

    private func api(_ publicAddress: String) -> APIServer {
        APIServer(apiParts(publicAddress), logger: Self.logger("api", settings.latest.current))
    }

    private func wiring(_ publicAddress: String) -> Wiring {
        Wiring(
            context: context, settings: settings, logs: logs, requestLog: requestLog, authentication: authentication,
            mayBeUnprotected: mayBeUnprotected, dispatcher: dispatcher, link: peers?.link,
            readiness: readiness, routed: routed, certificates: certificates, logger: logger, descriptors: descriptors
        ) { [logger, context, options, dispatcher, settings] snapshot in
            let tls = settings.latest.current.tls
            Announcement.serving(tls.origin(of: .public, at: publicAddress))
            if let port = dispatcher.managementPort, let management = options.management {
                Announcement.management(tls.origin(of: .management, at: management.text(port: port)))
            }
            if let port = dispatcher.consolePort, let console = options.console {
                Announcement.console(tls.origin(of: .console, at: console.text(port: port)))
            }
            if let port = dispatcher.internalPort { Announcement.internal(options.internal.text(port: port)) }
            logger.info("\(Announcement.summary(of: snapshot, context))")
        }
    }

    /// True if new settings may end the authentication. Other machines must not be able to reach F2S then.
    private var mayBeUnprotected: Bool {
        options.allowsUnauthenticated || Exposure.isLocal(options)
    }

    private var inspector: any OperatorInspector {
        guard let peers else { return controller }
        return peers.inspector
    }

    private func apiParts(_ publicAddress: String) -> APIServerParts {
        var parts = APIServerParts(
            platform: routedPlatform, catalog: catalog, archive: context.archive, settings: settings.latest,
            metrics: metrics, authenticator: authentication,
            tokens: AppliedTokenStore(context.apiTokens, authentication: authentication),
            operatorInspector: inspector, dispatcherInspector: dispatcher, activity: dispatcher,
            clock: SystemControlClock(), invoker: dispatcher,
            requestStart: { [dispatcher] in dispatcher.requestStart(of: $0) }, socketPath: runtimeFolder.socketPath,
            operationsAddress: (options.operations.host, options.operations.port),
            isReady: { [readiness, settings] in readiness.current && settings.isUsable },
            conditions: conditions, publicAuthority: { publicAddress },
            managementAuthority: { [options, dispatcher] in
                dispatcher.managementPort.flatMap { port in options.management?.text(port: port) }
            },
            console: console,
            publicHosts: { [context, settings] in context.hosts + settings.latest.current.knownHosts },
            onOperationsBound: { [options] port in Announcement.operations(options.operations.text(port: port)) },
            version: F2SVersion.current)
        parts.auditLog = requestLog
        parts.secrets = context.secrets
        parts.seriesSource = prometheus
        parts.authSettings = { [authentication] in authentication.settings }
        return parts
    }

    private var console: ConsoleParts? {
        options.console.map { address in
            ConsoleParts(
                socketPath: runtimeFolder.consoleSocketPath, sessions: sessions, logins: sessions,
                authority: { [dispatcher] in dispatcher.consolePort.map { address.text(port: $0) } })
        }
    }

    /// Returns the keys of the console's sessions, the newest first. Processes that share tokens accept each other's
    /// sessions. A single process has a random key, so a restart ends its sessions.
    private static func sessionKeys(_ tokens: Latest<PeerTokens>?) -> @Sendable () -> [SealingKey] {
        guard let tokens else {
            let own = [SealingKey.random()].compactMap(\.self)
            return { own }
        }
        return { tokens.current.texts.compactMap { SealingKey(derivedFrom: Secret($0)) } }
    }

    /// The platform for the API. A write returns only after the dispatcher applies it, so the next request sees it.
    private var routedPlatform: Platform {
        let platform = context.platform
        return Platform(
            name: platform.name,
            functions: RoutedStore(platform.functions, routed: routed) { [dispatcher] in
                await dispatcher.waitForLoops()
            }, replicas: platform.replicas, election: platform.election, peers: platform.peers,
            events: platform.events)
    }

    private static func makeContext(
        _ options: ServeOptions, _ settings: Latest<Settings>, _ folder: RuntimeFolder
    ) async throws -> PlatformContext {
        let initial = settings.current
        switch options.platform {
        case .local:
            return try .local(
                options, settings, sourcesFolder: folder.sourcesPath, logger: logger("local", initial))
        case .kubernetes: return try await .kubernetes(options, settings, logger: logger("kubernetes", initial))
        }
    }

    private static func dispatcherSettings(
        _ options: ServeOptions, _ settings: Settings, _ context: PlatformContext, _ folder: RuntimeFolder,
        _ descriptors: DescriptorBudget, _ authentication: CallerAuthentication
    ) -> DispatcherSettings {
        var dispatcher = DispatcherSettings(
            host: options.listen.host, port: options.listen.port,
            loops: settings.loops ?? DispatcherSettings.loopsDefault, apiSocketPath: folder.socketPath,
            management: options.management.map { ManagementSettings(host: $0.host, port: $0.port) },
            console: options.console.map {
                ConsoleSettings(host: $0.host, port: $0.port, socketPath: folder.consoleSocketPath)
            },
            internal: context.tokens.map { tokens in
                InternalSettings(
                    host: options.internal.host, port: options.internal.port,
                    socketPath: folder.internalSocketPath, tokens: tokens.current)
            }, tuning: tuning(settings, descriptors, authentication))
        dispatcher.authenticator = authentication
        dispatcher.descriptors = descriptors
        dispatcher.inherited = options.handover?.listeners
        // After a restart, callers expect the service to be available, so their connections wait.
        dispatcher.holdsConnections = options.isRestarted
        return dispatcher
    }

    static func tuning(
        _ settings: Settings, _ descriptors: DescriptorBudget, _ authentication: CallerAuthentication
    ) -> DispatcherSettings.Tuning {
        DispatcherSettings.Tuning(
            limits: descriptors.applied(to: settings.limits), timeouts: settings.timeouts,
            upgradeProtocols: settings.upgradeProtocols, trustedProxies: settings.trustedProxies,
            requiresProxyHeader: settings.requiresProxyHeader, challenges: authentication.challenges,
            logsAccess: settings.accessLogFormat != .none)
    }

    private static func logger(_ label: String, _ settings: Settings?) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = settings?.debug == true ? .debug : .info
        return logger
    }
}
