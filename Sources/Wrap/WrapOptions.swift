/// The settings of `f2s wrap`.
public struct WrapOptions: Sendable, Hashable {
    /// The program and its arguments. The program is looked up in `PATH` unless its name has a slash. No shell is used.
    public var command: [String]
    /// The address to listen on.
    public var host: String
    /// The TCP port, 0…65535; 0 for any free port.
    public var port: Int
    /// The maximum number of commands that run at the same time, at least 1. Further requests wait.
    public var concurrencyMax: Int
    /// The longest time from a request's head to the end of its command, including the wait for a slot. A command that
    /// takes longer is killed. It is also killed if its client leaves.
    public var timeout: Duration
    /// The Content-Type of the command's output.
    public var contentType: String
    /// The number of bytes of standard output that are buffered until the exit status determines the response's status.
    /// If a command writes more, the response has the status 200. With 0, this holds from the first byte on.
    public var heldBytesMax: Int
    /// The maximum number of client connections, including waiting ones. Further ones wait in the kernel's backlog.
    public var connectionsMax: Int
    /// True if this process is a subreaper (prctl(2)) without children of other kinds. Then the processes that a
    /// command leaves in other sessions also end with the command.
    public var adoptsOrphans: Bool

    /// The `concurrencyMax` if the command line sets none.
    public static let concurrencyDefault = 16
    /// The `timeout` if the command line sets none: the longest timeout that a function may declare. F2S closes the
    /// connection when the function's own timeout has passed; a shorter default would cut off longer functions.
    public static let timeoutDefault = Duration.seconds(86_400)
    /// The `heldBytesMax` if the command line sets none: 1 MiB.
    public static let heldBytesDefault = 1 << 20

    /// Creates options. Only the command has no default.
    public init(
        command: [String], host: String = "127.0.0.1", port: Int = 0,
        concurrencyMax: Int = WrapOptions.concurrencyDefault, timeout: Duration = WrapOptions.timeoutDefault,
        contentType: String = "text/plain; charset=utf-8", heldBytesMax: Int = WrapOptions.heldBytesDefault,
        connectionsMax: Int = 1024, adoptsOrphans: Bool = false
    ) {
        self.command = command
        self.host = host
        self.port = port
        self.concurrencyMax = concurrencyMax
        self.timeout = timeout
        self.contentType = contentType
        self.heldBytesMax = heldBytesMax
        self.connectionsMax = connectionsMax
        self.adoptsOrphans = adoptsOrphans
    }
}

/// An error that prevents `f2s wrap` from serving.
public enum WrapError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The command is empty.
    case noCommand
    /// The program was not found.
    case programNotFound(String)
    /// The server cannot listen on the address.
    case cannotListen(address: String, reason: String)

    /// A line with the error and the remedy.
    public var description: String {
        switch self {
        case .noCommand: "no command is given: write it after --, for example `f2s wrap -- cat`"
        case .programNotFound(let program): "the program \(program) is not found: check its name and PATH"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason): choose another --port, or 0 for any"
        }
    }
}
