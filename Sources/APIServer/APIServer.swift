import F2SConfig
import F2SModel
import FoundationEssentials
import Hummingbird
public import Logging
public import ServiceLifecycle

/// Serves the REST API, except `/invoke`, on a Unix socket behind the dispatcher's public listener. Serves the console
/// on a socket of its own, and the operations listener with `/metrics` and `/ready`.
public struct APIServer: Service {
    private let parts: APIServerParts
    private let keepAlive: Duration
    private let changeInterval: Duration
    private let logger: Logger
    /// The bound of lists, which all listeners share.
    private let lists: ListLimit
    /// The bound of invocations, which all listeners share.
    private let invocations: ConcurrencyLimit
    private let history: HistoryRecorder
    private let overview: Overview
    /// The time series of the functions.
    let sampler: TimeSeriesSampler

    /// Creates a server of these parts.
    public init(_ parts: APIServerParts, logger: Logger) { self.init(parts, keepAlive: .seconds(15), logger: logger) }

    /// - Parameters:
    ///   - keepAlive: The silence after which an event stream sends a comment, so that no proxy closes the connection.
    ///   - changeInterval: The shortest time between two events of a stream of changes.
    init(_ parts: APIServerParts, keepAlive: Duration, changeInterval: Duration = .seconds(1), logger: Logger) {
        self.parts = parts
        self.keepAlive = keepAlive
        self.changeInterval = changeInterval
        self.logger = logger
        lists = ListLimit(listsMax: { parts.settings.current.limits.apiListsMax })
        invocations = InvocationRoutes.limit(countMax: { parts.settings.current.limits.apiInvocationsMax })
        overview = Overview(functions: parts.platform.functions, inspector: parts.operatorInspector)
        sampler = TimeSeriesSampler(
            source: parts.activity, functions: { [catalog = parts.catalog] in catalog.current },
            replicas: { [inspector = parts.operatorInspector] in inspector.currentReplicas() }, clock: parts.clock)
        history = HistoryRecorder(
            catalog: parts.catalog, runtime: parts.platform.replicas, archive: parts.archive,
            clock: parts.clock, logger: logger)
    }

    /// The routes of the REST API.
    var routes: [APIRoute] {
        let home = DocumentRoutes.Home(
            publicOrigin: parts.publicOrigin, console: parts.consoleURL,
            observe: { [parts] in await parts.observe(for: $0) })
        let routes = described + FunctionLoginRoutes(parts: parts).routes
        return routes + DocumentRoutes(described: routes, version: parts.version, home: home).routes
    }

    /// The routes of the console: those of the REST API, but another page at `/`, and those of sessions and sign-ins.
    /// None of them invokes a function.
    var consoleRoutes: [APIRoute] {
        guard let console = parts.console else { return [] }
        let routes =
            PageRoutes().routes
            + ConsoleRoutes(
                callers: callers(console.sessions), sessions: console.sessions, publicOrigin: parts.publicOrigin
            ).routes + SignInRoutes(sessions: console.sessions).routes
            + ConsoleLoginRoutes(
                callers: callers(console.sessions), logins: console.logins, catalog: parts.catalog,
                publicOrigin: parts.publicOrigin
            ).routes + described
        return routes + DocumentRoutes(described: routes, version: parts.version, home: nil).routes
    }

    private var described: [APIRoute] {
        FunctionRoutes(parts: parts, lists: lists).routes + LogRoutes(parts: parts).routes
            + ViewRoutes(parts: parts, lists: lists).routes
            + CallerRoutes(
                authenticator: parts.authenticator, settings: parts.authSettings
            ).routes
            + tokenRoutes + EventRoutes(events: parts.platform.events, keepAlive: keepAlive).routes
            + InvocationRoutes(parts: parts, limit: invocations).routes
            + ManifestRoutes(functions: parts.platform.functions).routes
            + HistoryRoutes(parts: parts, recorder: history).routes + SecretRoutes(parts: parts).routes
            + overviewRoutes
    }

    private var overviewRoutes: [APIRoute] {
        OverviewRoutes(
            overview: overview, sampler: sampler, arrivals: { [catalog = parts.catalog] in catalog.snapshots() },
            interval: changeInterval, keepAlive: keepAlive
        ).routes
            + ChartRoutes(
                functions: parts.platform.functions, peers: parts.platform.peers, sampler: sampler,
                database: parts.seriesSource
            ).routes
    }

    private var tokenRoutes: [APIRoute] {
        TokenRoutes(
            store: parts.tokens, settings: parts.authSettings,
            now: { Date().timeIntervalSince1970 }, logger: logger
        ).routes
    }

    /// Serves all listeners until graceful shutdown. Then streams end, responses in progress are finished, and the
    /// listeners close.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``. A retry makes sense only after something has
    ///   changed.
    public func run() async throws {
        let limits: @Sendable () -> Limits = { [parts] in parts.settings.current.limits }
        let content = ContentReader(bytesMax: { limits().apiBodyBytesMax }, timeout: { limits().apiBodyTimeout })
        let (ip, port) = parts.operationsAddress
        let host = ip.contains(":") ? "[\(ip)]" : ip
        // Port 0 is replaced by the actual port when the listener is bound.
        let boundPort = Latest(port)
        let directory = directory(operations: { "\(host):\(boundPort.current)" })
        var sockets = [(PathDirectory.Listener.api, parts.socketPath, apiGate)]
        if let console = parts.console { sockets.append((.console, console.socketPath, consoleGate(console))) }
        let boundSockets = Latest(0)
        let socketServices = sockets.map { listener, path, gate in
            HTTPService(
                name: path, address: .unixDomainSocket(path: path),
                router: router(of: listener, directory, gate, content), logger: logger,
                onBound: { _ in boundSockets.update { $0 += 1 } })
        }
        let operations = HTTPService(
            name: "\(host):\(port)", address: .hostname(ip, port: port),
            router: router(of: .operations, directory, apiGate, content), logger: logger,
            onBound: { [onBound = parts.onOperationsBound] port in
                guard let port else { return }
                boundPort.publish(port)
                // A script that has read the printed address may call the API at once.
                for await count in boundSockets.values() where count == socketServices.count { break }
                onBound(port)
            })
        // The services have names, because a service without one is logged with all its properties, which include the
        // many routes.
        let services = (socketServices + [operations]).map { listener in
            ServiceGroupConfiguration.ServiceConfiguration(service: listener, serviceName: listener.name)
        }
        let recorders = [
            ServiceGroupConfiguration.ServiceConfiguration(service: history, serviceName: "history"),
            ServiceGroupConfiguration.ServiceConfiguration(service: sampler, serviceName: "time series"),
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: recorders + services, logger: logger))
        try await group.run()
    }

    private func router(
        of listener: PathDirectory.Listener, _ directory: PathDirectory, _ gate: RouteGate, _ content: ContentReader
    ) -> Router<BasicRequestContext> {
        var router = APIRouter(
            routes: directory.routes[listener] ?? [], gate: gate, content: content, auditLog: parts.auditLog,
            elsewhere: { directory.url(of: $0, except: listener) }, logger: logger)
        if listener == .console {
            router.invocationOrigin = { [parts] host, _ in
                let settings = parts.settings.current
                return settings.publicURL
                    ?? settings.tls.origin(
                        of: .public, at: Authority.address(of: parts.publicAuthority(), for: host))
            }
        }
        return router.router()
    }

    private func directory(operations: @escaping @Sendable () -> String) -> PathDirectory {
        let operationsRoutes = OperationsRoutes(
            metrics: parts.metrics, isReady: parts.isReady, conditions: parts.conditions
        ).routes
        return PathDirectory(
            routes: [.api: routes, .operations: operationsRoutes, .console: consoleRoutes],
            origin: { [parts] listener in
                switch listener {
                case .api: parts.publicOrigin()
                case .operations: "http://" + operations()
                case .console:
                    parts.console?.authority().map { parts.settings.current.tls.origin(of: .console, at: $0) }
                }
            })
    }

    private func callers(_ sessions: (any ConsoleSessionProvider)?) -> CallerSource {
        CallerSource(
            authenticator: parts.authenticator, sessions: sessions,
            trustedProxies: { [parts] in parts.settings.current.trustedProxies })
    }

    private var apiGate: RouteGate {
        RouteGate(
            callers: callers(nil), pages: .none,
            authorities: { [parts] in [parts.publicAuthority(), parts.managementAuthority()].compactMap(\.self) },
            publicHosts: parts.publicHosts, console: parts.consoleURL)
    }

    private func consoleGate(_ console: ConsoleParts) -> RouteGate {
        RouteGate(
            callers: callers(console.sessions), pages: .sameOrigin,
            authorities: { [console.authority()].compactMap(\.self) }, publicHosts: parts.publicHosts,
            console: parts.consoleURL)
    }
}
