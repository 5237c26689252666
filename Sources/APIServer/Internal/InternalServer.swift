import F2SAccess
public import F2SModel
import Hummingbird
public import Logging
public import ServiceLifecycle

/// Answers the platform's hooks and the other F2S processes, on a Unix socket behind the dispatcher's internal
/// listener.
public struct InternalServer: Service {
    private let routes: InternalRoutes
    private let socketPath: String
    private let logger: Logger

    /// Bytes of the reports that are held at once, one of each process at most.
    private static let reportBytesMax = 64 * 1024 * 1024
    /// Time for a report to arrive.
    private static let reportTimeout = Duration.seconds(10)

    /// A server.
    /// - Parameters:
    ///   - socketPath: under 100 bytes, in a folder that only we can enter.
    ///   - tokens: what F2S processes show to each other, asked per request because it changes.
    ///   - drainLimit: how long a hook may wait, asked per hook because settings change.
    public init(
        desk: any PeerDesk, socketPath: String, tokens: @escaping @Sendable () -> PeerTokens,
        drainLimit: @escaping @Sendable (Function.ID) -> Duration, logger: Logger
    ) {
        routes = InternalRoutes(desk: desk, tokens: tokens, drainLimit: drainLimit)
        self.socketPath = socketPath
        self.logger = logger
    }

    /// Serves until graceful shutdown; answers in hand are finished.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``; not worth a retry before something has changed.
    public func run() async throws {
        let gate = RouteGate(authenticator: NoAuthentication(), authorities: { [] }, publicHosts: { [] })
        let router = APIRouter(
            routes: routes.routes, gate: gate,
            content: ContentReader(bytesMax: { Self.reportBytesMax }, timeout: { Self.reportTimeout }),
            takesEmptySegments: true, logger: logger
        ).router()
        try await Listener(
            name: socketPath, address: .unixDomainSocket(path: socketPath), router: router, logger: logger,
            onBound: { _ in }
        ).run()
    }
}
