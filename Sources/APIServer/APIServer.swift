import F2SConfig
import F2SModel
import Hummingbird
public import Logging
public import ServiceLifecycle

/// The REST API, for everything but `/invoke`, on a Unix socket behind the dispatcher's public listener; and the
/// operations listener with `/metrics` and `/ready`.
public struct APIServer: Service {
    private let parts: APIServerParts
    private let keepAlive: Duration
    private let logger: Logger

    /// A server of these parts.
    public init(_ parts: APIServerParts, logger: Logger) { self.init(parts, keepAlive: .seconds(15), logger: logger) }

    /// - Parameter keepAlive: silence after which an event stream gets a comment, so that nothing on its way gives up.
    init(_ parts: APIServerParts, keepAlive: Duration, logger: Logger) {
        self.parts = parts
        self.keepAlive = keepAlive
        self.logger = logger
    }

    /// Every route of the REST API.
    var routes: [APIRoute] {
        let lists = ListLimit(listsMax: { [parts] in parts.settings.current.limits.apiListsMax })
        let described =
            FunctionRoutes(parts: parts, lists: lists).routes + LogRoutes(parts: parts).routes
            + ViewRoutes(parts: parts, lists: lists).routes
            + EventRoutes(events: parts.platform.events, keepAlive: keepAlive).routes
        let documents = DocumentRoutes(
            described: described, version: parts.version, publicAuthority: parts.publicAuthority,
            observe: { [parts] in await parts.observe(for: $0) })
        return described + documents.routes
    }

    /// Serves both listeners until graceful shutdown: then streams end, answers in hand are finished, and both close.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``; not worth a retry before something has changed.
    public func run() async throws {
        let gate = RouteGate(
            authenticator: parts.authenticator,
            authorities: { [parts] in [parts.publicAuthority(), parts.managementAuthority()].compactMap(\.self) },
            publicHosts: parts.publicHosts)
        let limits: @Sendable () -> Limits = { [parts] in parts.settings.current.limits }
        let content = ContentReader(bytesMax: { limits().apiBodyBytesMax }, timeout: { limits().apiBodyTimeout })
        let operationsRoutes = OperationsRoutes(
            metrics: parts.metrics, isReady: parts.isReady, conditions: parts.conditions
        ).routes
        let (ip, port) = parts.operationsAddress
        let host = ip.contains(":") ? "[\(ip)]" : ip
        // Port 0 becomes a number when the listener is bound.
        let boundPort = Latest(port)
        let isAPIBound = Latest(false)
        let routes = routes
        let api = Listener(
            name: parts.socketPath, address: .unixDomainSocket(path: parts.socketPath),
            router: APIRouter(
                routes: routes, gate: gate, content: content,
                elsewhere: { path in
                    let isServed = !operationsRoutes.methods(of: path).isEmpty
                    return isServed ? "http://\(host):\(boundPort.current)\(path) (--operations)" : nil
                }, logger: logger
            ).router(), logger: logger, onBound: { _ in isAPIBound.publish(true) })
        let operations = Listener(
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
                // A script that has read where F2S listens may ask the API at once.
                for await isBound in isAPIBound.values() where isBound { break }
                onBound(port)
            })
        // Named, because a service without a name is printed with all that it holds, and the routes are many.
        let services = [api, operations].map { listener in
            ServiceGroupConfiguration.ServiceConfiguration(service: listener, serviceName: listener.name)
        }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        try await group.run()
    }
}
