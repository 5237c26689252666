/// What `f2s wrap` serves and within which bounds.
public struct WrapOptions: Sendable, Hashable {
    /// The program and its arguments. The program is looked up in `PATH` unless it holds a slash; no shell is involved.
    public var command: [String]
    /// Address that is listened on.
    public var host: String
    /// TCP port, 0…65535; 0: any free one.
    public var port: Int
    /// Commands that may run at once, at least 1; further requests wait.
    public var concurrencyMax: Int
    /// From a request's head to the end of its command, waiting included. A command that takes longer is killed, as it
    /// is when its client leaves.
    public var timeout: Duration
    /// Content-Type of what the command writes.
    public var contentType: String
    /// Bytes of standard output that are held back until the exit status has decided about the response's status. A
    /// command that writes more has committed itself to 200; 0: its first byte does.
    public var heldBytesMax: Int
    /// Client connections at once, waiting ones included; the kernel's backlog takes the next ones.
    public var connectionsMax: Int
    /// True if this process is a subreaper (prctl(2)) without children of other kinds: then what a command leaves in
    /// sessions of its own ends with the command too.
    public var adoptsOrphans: Bool

    /// `concurrencyMax` when the command line names none.
    public static let concurrencyDefault = 16
    /// `timeout` when the command line names none: the longest that a function may declare. F2S leaves when the time of
    /// the function is over, and a shorter time of our own would cut a function off that has declared a longer one.
    public static let timeoutDefault = Duration.seconds(86_400)
    /// `heldBytesMax` when the command line names none: 1 MiB.
    public static let heldBytesDefault = 1 << 20

    /// Options; only the command has no default.
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

/// Why `f2s wrap` does not serve.
public enum WrapError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is nothing to run.
    case noCommand
    /// The program cannot be found.
    case programNotFound(String)
    /// The address cannot be listened on.
    case cannotListen(address: String, reason: String)

    /// One line that says what to do.
    public var description: String {
        switch self {
        case .noCommand: "no command is given: write it after --, for example `f2s wrap -- cat`"
        case .programNotFound(let program): "the program \(program) is not found: check its name and PATH"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason): choose another --port, or 0 for any"
        }
    }
}
