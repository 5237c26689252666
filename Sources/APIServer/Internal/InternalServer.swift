import F2SAccess
public import F2SModel
import Hummingbird
public import Logging
public import ServiceLifecycle

/// Serves the platform's hooks and the other F2S processes, on a Unix socket behind the dispatcher's internal listener.
public struct InternalServer: Service {
    private let routes: InternalRoutes
    private let socketPath: String
    private let logger: Logger

    /// The maximum bytes of the reports in progress, of which each process sends one at a time.
    private static let reportBytesMax = 64 * 1024 * 1024
    /// The time in which a report must arrive.
    private static let reportTimeout = Duration.seconds(10)

    /// Creates a server.
    /// - Parameters:
    ///   - socketPath: The path of the socket: under 100 bytes, in a folder that only F2S can access.
    ///   - tokens: Returns the tokens that F2S processes send to each other. It is called per request because they
    ///     change.
    ///   - drainLimit: Returns the longest time that a hook may wait. It is called per hook because settings change.
    public init(
        peers: any PeerService, socketPath: String, tokens: @escaping @Sendable () -> PeerTokens,
        drainLimit: @escaping @Sendable (Function.ID) -> Duration, logger: Logger
    ) {
        routes = InternalRoutes(peers: peers, tokens: tokens, drainLimit: drainLimit)
        self.socketPath = socketPath
        self.logger = logger
    }

    /// Serves until graceful shutdown, and then finishes responses in progress.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``. A retry makes sense only after something has
    ///   changed.
    public func run() async throws {
        let gate = RouteGate(authenticator: NoAuthentication(), authorities: { [] }, publicHosts: { [] })
        let router = APIRouter(
            routes: routes.routes, gate: gate,
            content: ContentReader(bytesMax: { Self.reportBytesMax }, timeout: { Self.reportTimeout }),
            takesEmptySegments: true, logger: logger
        ).router()
        try await HTTPService(
            name: socketPath, address: .unixDomainSocket(path: socketPath), router: router, logger: logger,
            onBound: { _ in }
        ).run()
    }
}
