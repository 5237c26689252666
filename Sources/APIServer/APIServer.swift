import F2SConfig
import F2SModel
import Hummingbird
public import Logging
public import ServiceLifecycle

/// Serves the REST API, except `/invoke`, on a Unix socket behind the dispatcher's public listener. Also serves the
/// operations listener with `/metrics` and `/ready`.
public struct APIServer: Service {
    private let parts: APIServerParts
    private let keepAlive: Duration
    private let logger: Logger

    /// Creates a server of these parts.
    public init(_ parts: APIServerParts, logger: Logger) { self.init(parts, keepAlive: .seconds(15), logger: logger) }

    /// - Parameter keepAlive: The silence after which an event stream sends a comment, so that no proxy closes the
    ///   connection.
    init(_ parts: APIServerParts, keepAlive: Duration, logger: Logger) {
        self.parts = parts
        self.keepAlive = keepAlive
        self.logger = logger
    }

    /// The routes of the REST API.
    var routes: [APIRoute] {
        let lists = ListLimit(listsMax: { [parts] in parts.settings.current.limits.apiListsMax })
        let described =
            FunctionRoutes(parts: parts, lists: lists).routes + LogRoutes(parts: parts).routes
            + ViewRoutes(parts: parts, lists: lists).routes
            + CallerRoutes(
                authenticator: parts.authenticator, users: { [parts] in parts.settings.current.auth.users }
            ).routes
            + EventRoutes(events: parts.platform.events, keepAlive: keepAlive).routes
        let documents = DocumentRoutes(
            described: described, version: parts.version, publicAuthority: parts.publicAuthority,
            observe: { [parts] in await parts.observe(for: $0) })
        return described + documents.routes
    }

    /// Serves both listeners until graceful shutdown. Then streams end, responses in progress are finished, and both
    /// listeners close.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``. A retry makes sense only after something has
    ///   changed.
    public func run() async throws {
        let gate = RouteGate(
            authenticator: parts.authenticator,
            authorities: { [parts] in [parts.publicAuthority(), parts.managementAuthority()].compactMap(\.self) },
            publicHosts: parts.publicHosts, trustedProxies: { [parts] in parts.settings.current.trustedProxies })
        let limits: @Sendable () -> Limits = { [parts] in parts.settings.current.limits }
        let content = ContentReader(bytesMax: { limits().apiBodyBytesMax }, timeout: { limits().apiBodyTimeout })
        let operationsRoutes = OperationsRoutes(
            metrics: parts.metrics, isReady: parts.isReady, conditions: parts.conditions
        ).routes
        let (ip, port) = parts.operationsAddress
        let host = ip.contains(":") ? "[\(ip)]" : ip
        // Port 0 is replaced by the actual port when the listener is bound.
        let boundPort = Latest(port)
        let isAPIBound = Latest(false)
        let routes = routes
        let api = HTTPService(
            name: parts.socketPath, address: .unixDomainSocket(path: parts.socketPath),
            router: APIRouter(
                routes: routes, gate: gate, content: content,
                elsewhere: { path in
                    let isServed = !operationsRoutes.methods(of: path).isEmpty
                    return isServed ? "http://\(host):\(boundPort.current)\(path) (--operations)" : nil
                }, logger: logger
            ).router(), logger: logger, onBound: { _ in isAPIBound.publish(true) })
        let operations = HTTPService(
            name: "\(host):\(port)", address: .hostname(ip, port: port),
            router: APIRouter(
                routes: operationsRoutes, gate: gate, content: content,
                elsewhere: { [authority = parts.publicAuthority] path in
                    let isServed = !routes.methods(of: path).isEmpty || path.hasPrefix("/invoke/")
                    return isServed ? "http://\(authority())\(path) (--listen)" : nil
                }, logger: logger
            ).router(), logger: logger,
            onBound: { [onBound = parts.onOperationsBound] port in
                guard let port else { return }
                boundPort.publish(port)
                // A script that has read the printed address may call the API at once.
                for await isBound in isAPIBound.values() where isBound { break }
                onBound(port)
            })
        // The services have names, because a service without one is logged with all its properties, which include the
        // many routes.
        let services = [api, operations].map { listener in
            ServiceGroupConfiguration.ServiceConfiguration(service: listener, serviceName: listener.name)
        }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        try await group.run()
    }
}
