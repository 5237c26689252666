public import F2SModel
import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// Serves the platform's hooks and the other F2S processes, on a Unix socket behind the dispatcher's internal listener.
public struct InternalServer: Service {
    private let responder: InternalResponder
    private let socketPath: String
    private let logger: Logger

    /// The time that a connection may be idle, or silent within a request.
    private static let idleTimeout = TimeAmount.seconds(75)

    /// Creates a server.
    /// - Parameters:
    ///   - coordinator: Answers the requests.
    ///   - socketPath: The path of the socket: under 100 bytes, in a folder that only F2S can access.
    ///   - tokens: Returns the tokens that F2S processes send to each other. It is called per request because they
    ///     change.
    ///   - drainLimit: Returns the longest time that a hook may wait. It is called per hook because settings change.
    public init(
        coordinator: DrainCoordinator, socketPath: String, tokens: @escaping @Sendable () -> PeerTokens,
        drainLimit: @escaping @Sendable (Function.ID) -> Duration, logger: Logger, clock: any ControlClock
    ) {
        self.init(
            InternalResponder(
                peers: coordinator, tokens: tokens, drainLimit: drainLimit, reader: PeerContentReader(clock: clock),
                logger: logger),
            socketPath: socketPath, logger: logger)
    }

    init(_ responder: InternalResponder, socketPath: String, logger: Logger) {
        self.responder = responder
        self.socketPath = socketPath
        self.logger = logger
    }

    /// Serves until graceful shutdown, and then finishes responses in progress.
    /// - Throws: ``InternalServerError/cannotListen(path:reason:)``. A retry makes sense only after something has
    ///   changed.
    public func run() async throws {
        var quiet = logger
        // The library's own messages at start are for debugging.
        if logger.logLevel > .debug { quiet.logLevel = max(logger.logLevel, .warning) }
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { [responder] request, _ in
                await responder.respond(to: request)
            },
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socketPath)), logger: quiet)
        do {
            try await application.run()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw InternalServerError.cannotListen(path: socketPath, reason: Self.reason(of: error))
        }
    }

    /// Returns the system's error message. NIO would prefix it with the name of its own function.
    private static func reason(of error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}

/// An error because of which the internal server cannot serve.
public enum InternalServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The socket could not be bound.
    case cannotListen(path: String, reason: String)

    /// A description of the failure and its remedy.
    public var description: String {
        switch self {
        case .cannotListen(let path, let reason):
            "F2S cannot listen on \(path): \(reason). Choose another address, or stop the program that uses it."
        }
    }
}
