import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// One of the listeners behind which a list of routes is served.
struct Listener: Service {
    /// Where it listens, for errors.
    let name: String
    private let address: BindAddress
    private let responder: RouterResponder<BasicRequestContext>
    private let onBound: @Sendable (Int?) async -> Void
    private let logger: Logger

    /// Time that a connection may be idle, or silent within a request; streams are not idle.
    private static let idleTimeout = TimeAmount.seconds(75)

    /// A listener that serves what the router knows.
    /// - Parameter onBound: called once it is bound, with its port if it has one.
    init(
        name: String, address: BindAddress, router: Router<BasicRequestContext>, logger: Logger,
        onBound: @escaping @Sendable (Int?) async -> Void
    ) {
        self.name = name
        self.address = address
        responder = router.buildResponder()
        self.onBound = onBound
        var quiet = logger
        // Where it listens is for us to say; its own words at start are for who looks for a fault.
        if logger.logLevel > .debug { quiet.logLevel = max(logger.logLevel, .warning) }
        self.logger = quiet
    }

    /// Serves until graceful shutdown; streams end then, and answers in hand are finished.
    /// - Throws: ``APIServerError/cannotListen(address:reason:)``.
    func run() async throws {
        let application = Application(
            responder: responder,
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: { [onBound] channel in await onBound(channel.localAddress?.port) }, logger: logger)
        do {
            try await application.run()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw APIServerError.cannotListen(address: name, reason: Self.reason(of: error))
        }
    }

    /// The system's words where the system has refused: NIO puts the name of its own function before them.
    private static func reason(of error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}
