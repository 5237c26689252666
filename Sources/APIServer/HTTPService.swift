import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// A listener that serves a list of routes.
struct HTTPService: Service {
    /// The address of the listener, for error messages.
    let name: String
    private let address: BindAddress
    private let responder: RouterResponder<BasicRequestContext>
    private let onBound: @Sendable (Int?) async -> Void
    private let logger: Logger

    /// The time that a connection may be idle, or silent within a request. Streams are not idle.
    private static let idleTimeout = TimeAmount.seconds(75)

    /// Creates a listener that serves the routes of a router.
    /// - Parameter onBound: Called once after the listener was bound, with its port if it has one.
    init(
        name: String, address: BindAddress, router: Router<BasicRequestContext>, logger: Logger,
        onBound: @escaping @Sendable (Int?) async -> Void
    ) {
        self.name = name
        self.address = address
        responder = router.buildResponder()
        self.onBound = onBound
        var quiet = logger
        // F2S logs the address itself. The library's own messages at start are for debugging.
        if logger.logLevel > .debug { quiet.logLevel = max(logger.logLevel, .warning) }
        self.logger = quiet
    }

    /// Serves until graceful shutdown. Then streams end and responses in progress are finished.
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

    /// Returns the system's error message. NIO would prefix it with the name of its own function.
    private static func reason(of error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}

/// An error because of which the API server cannot serve.
public enum APIServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A listener could not be bound.
    case cannotListen(address: String, reason: String)

    /// A description of the failure and its remedy.
    public var description: String {
        switch self {
        case .cannotListen(let address, let reason):
            "F2S cannot listen on \(address): \(reason). Choose another address, or stop the program that uses it."
        }
    }
}
