import Glibc
import ProcessSupport

/// A finished run of an `f2s` command.
struct Command {
    let status: Int
    /// Standard output.
    let text: String
    /// Standard error.
    let errorText: String

    /// Runs a command with its output in files.
    /// - Parameters:
    ///   - input: Standard input; `nil`: none.
    ///   - server: The server of the command; `nil`: none.
    init(
        _ arguments: [String], input: String? = nil, environment: [String] = [], server: F2SServer? = nil
    ) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (output, errors) = (folder.path + "/out", folder.path + "/err")
        var command = [try Workshop.current.f2s] + arguments
        if let input {
            try Files.write(input, to: folder.path + "/in")
            command = ["sh", "-c", "exec \"$@\" <\"$0\"", folder.path + "/in"] + command
        }
        let process = try ChildProcess(
            command, environment: Self.variables(of: server) + environment, output: output, errors: errors)
        defer { process.end() }
        status = try process.waitForEnd(within: .seconds(30))
        text = try Files.read(output)
        errorText = try Files.read(errors)
    }

    /// Runs a command with its output on a terminal and returns the output.
    static func onTerminal(
        _ arguments: [String], columns: UInt16 = 200, environment: [String] = [], server: F2SServer
    ) throws -> String {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let terminal = try PseudoTerminal(columns: columns)
        defer { terminal.close() }
        let process = try ChildProcess(
            [try Workshop.current.f2s] + arguments, environment: variables(of: server) + environment,
            output: terminal.path, errors: folder.path + "/err")
        defer { process.end() }
        var text: [UInt8] = []
        let status = try eventually("the command ends", within: .seconds(30)) {
            text += terminal.read()
            return try process.endIfOver()
        }
        text += terminal.read()
        guard status == 0 else {
            throw ChildProcess.Failure(program: "f2s", reason: try Files.read(folder.path + "/err"))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func variables(of server: F2SServer?) -> [String] {
        server.map { ["F2S_SERVER=http://127.0.0.1:\($0.port)"] } ?? []
    }
}

/// A pseudo-terminal that is controlled by this process.
struct PseudoTerminal {
    /// The path that a program opens.
    let path: String
    private let descriptor: Int32
    /// An open descriptor that prevents the terminal from hanging up between two programs.
    private let holder: Int32

    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)). Swift cannot import the macros of the header.
    private static let (lock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    init(columns: UInt16) throws {
        descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        var number: UInt32 = 0
        guard descriptor >= 0, ioctl(descriptor, Self.lock, &isLocked) == 0,
            ioctl(descriptor, Self.number, &number) == 0
        else { throw ChildProcess.Failure(program: "terminal", reason: String(cString: strerror(errno))) }
        path = "/dev/pts/\(number)"
        holder = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// Returns the output that has not been read yet.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = Glibc.read(descriptor, &piece, piece.count), count > 0 { all += piece[..<count] }
        return all
    }

    func close() {
        Glibc.close(holder)
        Glibc.close(descriptor)
    }
}
