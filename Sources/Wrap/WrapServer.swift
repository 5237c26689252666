import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import Subprocess
import SystemPackage

/// An HTTP server that runs a program once per request (`f2s wrap`).
///
/// The program gets the request's body as its standard input and the other properties of the request as CGI variables.
/// Its standard output is the response; its standard error goes to `log`. The status is 200 if the program exits with
/// 0, otherwise 500 with the last lines of its standard error.
public struct WrapServer: Service {
    private let options: WrapOptions
    private let logger: Logger
    private let onBound: @Sendable (Int) -> Void
    private let log: @Sendable ([UInt8]) -> Void

    /// The upper bound of a connection's idle timeout.
    private static let idleMax = Duration.seconds(3600)

    /// Creates a server that ``run()`` starts.
    /// - Parameters:
    ///   - log: Receives the standard error of commands as it is written. It should not block for long.
    ///   - onBound: Receives the port once the server listens on it.
    public init(
        _ options: WrapOptions, logger: Logger,
        log: @escaping @Sendable ([UInt8]) -> Void,
        onBound: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.options = options
        self.logger = logger
        self.onBound = onBound
        self.log = log
    }

    /// Serves until it is shut down. Requests in progress are finished first.
    /// - Throws: ``WrapError``. A retry without a change fails again.
    public func run() async throws {
        let responder = WrapResponder(
            options: options, program: try await program(), slots: Slots(count: options.concurrencyMax),
            orphans: Orphans(adopts: options.adoptsOrphans), log: log)
        // A connection is not idle while a request that was read completely runs. If a command does not read its input,
        // its connection may be silent for long, and only the time distinguishes it from an abandoned connection.
        let idle = TimeAmount(min(options.timeout + WrapResponder.lingering + .seconds(60), Self.idleMax))
        let server = try HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(additionalChannelHandlers: [ClientWatch()], idleTimeout: idle)
        ).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(options.host, port: options.port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.connectionsMax)),
            eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: logger,
            responder: { try await responder.respond(to: $0, $1, on: $2) },
            onServerRunning: { [onBound] channel in onBound(channel.localAddress?.port ?? 0) })
        do {
            try await server.run()
        } catch let error as IOError {
            throw WrapError.cannotListen(
                address: "\(options.host):\(options.port)", reason: Errno(rawValue: error.errnoCode).description)
        }
    }

    private func program() async throws -> Executable {
        guard let name = options.command.first, !name.isEmpty else { throw WrapError.noCommand }
        guard !name.contains("/") else {
            guard access(name, X_OK) == 0 else { throw WrapError.programNotFound(name) }
            return .path(FilePath(name))
        }
        do {
            // The program is looked up once, so that a missing program fails the start and not the first request.
            return .path(try await Executable.name(name).resolveExecutablePath(in: .inherit))
        } catch {
            throw WrapError.programNotFound(name)
        }
    }
}
