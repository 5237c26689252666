import ArgumentParser
import CLinux
import F2SWrap
import FoundationEssentials
import Logging
import ServiceLifecycle
import UnixSignals

/// `f2s wrap`: serves a program over HTTP.
struct WrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wrap", abstract: "Serve a program over HTTP: every request runs it once.",
        usage: "f2s wrap [options] -- COMMAND [ARGUMENT…]",
        discussion: """
            The standard input of the program is the request's body; its standard output is the response's body; its \
            standard error goes to that of f2s. The variables of CGI describe the request: REQUEST_METHOD, PATH_INFO, \
            QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH and HTTP_*. With exit status 0 the response has status 200, \
            else 500 with the last lines of the standard error. F2S uses no shell. If you need one, name it: \
            f2s wrap -- sh -c 'date; cat'
            """)

    @Option(help: ArgumentHelp("Port; 0 selects a free one. (default: $PORT, else 8080)", valueName: "port"))
    var port: UInt16?

    @Option(help: ArgumentHelp("Address to listen on, for example 0.0.0.0 in a container.", valueName: "address"))
    var listen = "127.0.0.1"

    @Option(help: ArgumentHelp("Maximum number of commands at once; further requests wait.", valueName: "number"))
    var concurrency = WrapOptions.concurrencyDefault

    @Option(
        help: ArgumentHelp(
            "Longest time for a request, including its wait; then the command is killed. By default, the client's own "
                + "timeout decides; for F2S, that is the function's timeout.", valueName: "duration"))
    var timeout = DurationArgument(WrapOptions.timeoutDefault)

    @Option(help: ArgumentHelp("Content-Type of the responses.", valueName: "type"))
    var contentType = "text/plain; charset=utf-8"

    @Option(
        help: ArgumentHelp(
            "Maximum bytes of output that are buffered until the exit status is known. With 0, output is sent at once, "
                + "for streams; a failure then ends the response early.", valueName: "bytes"))
    var hold = WrapOptions.heldBytesDefault

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("There is no command: write it after --, as in `f2s wrap -- cat`.")
        }
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency is \(concurrency): it must be between 1 and 10000.")
        }
        guard (0...1 << 30).contains(hold) else {
            throw ValidationError("--hold is \(hold): it must be between 0 and \(1 << 30).")
        }
        guard !contentType.isEmpty, contentType.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw ValidationError("--content-type is malformed: write it as text/html.")
        }
    }

    func run() async throws {
        FileLimit.raise()
        let options = WrapOptions(
            command: command, host: listen, port: try chosenPort(), concurrencyMax: concurrency, timeout: timeout.value,
            contentType: contentType, heldBytesMax: hold, adoptsOrphans: f2s_adopt_orphans())
        var logger = Logger(label: "f2s.wrap", factory: { TextLogHandler(label: $0, write: Terminal.relayError) })
        logger.logLevel = .warning
        let host = listen.contains(":") ? "[\(listen)]" : listen
        let server = WrapServer(
            options, logger: logger, log: Terminal.relayError,
            onBound: { Terminal.remark("f2s wrap serves http://\(host):\($0)") })
        var configuration = ServiceGroupConfiguration(services: [server], logger: logger)
        // No command outlives its timeout, so the graceful shutdown does not need longer.
        configuration.maximumGracefulShutdownDuration = timeout.value + .seconds(1)
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // A cancellation kills the running commands.
            let (interrupts, interrupt) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            tasks.addTask {
                do {
                    try await EndSignals(
                        group: group,
                        whenEnding: {
                            Terminal.remark("f2s wrap ends after the running commands. Ctrl-C again kills them.")
                        }, whenEndedAtOnce: { interrupt.yield() }
                    ).run()
                } catch let error as WrapError {
                    throw CommandFailure(error.description)
                }
            }
            tasks.addTask {
                for await _ in interrupts { throw CancellationError() }
            }
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    private func chosenPort() throws -> Int {
        if let port { return Int(port) }
        guard let text = ProcessInfo.processInfo.environment.variable("PORT") else { return 8080 }
        guard let port = UInt16(text) else {
            throw CommandFailure("the variable PORT is \"\(text)\": it must be a number between 0 and 65535")
        }
        return Int(port)
    }
}
