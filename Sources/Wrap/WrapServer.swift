import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import Subprocess
import SystemPackage

/// A program behind HTTP: every request runs it once (`f2s wrap`).
///
/// The request's body is its standard input, its standard output is the answer, its standard error goes to ours.
/// Status 200
/// when it exits with 0, else 500 with the last lines of its standard error. It learns of the request by CGI's
/// variables.
public struct WrapServer: Service {
    private let options: WrapOptions
    private let logger: Logger
    private let onBound: @Sendable (Int) -> Void
    private let log: @Sendable ([UInt8]) -> Void

    /// Longest silence of a connection on which no command runs.
    private static let idleMax = Duration.seconds(3600)

    /// A server that ``run()`` starts.
    /// - Parameters:
    ///   - log: gets what commands write to their standard error, as it comes; it should not block for long.
    ///   - onBound: gets the port, once it is listened on.
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

    /// Serves until it is shut down; requests in hand are finished first.
    /// - Throws: ``WrapError``; none of it is worth a retry without a change.
    public func run() async throws {
        let responder = WrapResponder(
            options: options, program: try await program(), slots: Slots(count: options.concurrencyMax),
            orphans: Orphans(adopts: options.adoptsOrphans), log: log)
        // A connection is not idle while a request that was read runs. One whose command does not read its input may be
        // silent for long, and is told from one that is forgotten by time alone.
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
            // Looked up once, so that a missing program is found out at the start and not at the first request.
            return .path(try await Executable.name(name).resolveExecutablePath(in: .inherit))
        } catch {
            throw WrapError.programNotFound(name)
        }
    }
}
