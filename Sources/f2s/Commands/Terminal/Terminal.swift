import F2SClient
import F2SModel
import FoundationEssentials
import Glibc

/// Standard output and standard error. Answers go to the one, remarks and errors to the other.
///
/// What others have written (a function's log, its answer) must not steer the terminal of the person who reads it, so
/// that it is escaped where standard output is a terminal.
enum Terminal {
    /// Whether standard output is a terminal, and not a file or another program.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// How text for people is laid out. Colours: https://no-color.org.
    static var layout: TextLayout {
        guard isTerminal else { return .plain }
        let environment = ProcessInfo.processInfo.environment
        let isColoured = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        return TextLayout(width: width, isColoured: isColoured)
    }

    /// Writes text that is laid out already: what stands in it was escaped when it was.
    /// - Throws: ``CommandFailure/reported`` when nobody reads any more, as in `f2s list | head`.
    static func show(_ text: String) throws { try writeRaw(Array(text.utf8)) }

    /// Writes text to standard output, escaped on a terminal.
    /// - Throws: as ``show(_:)``.
    static func write(_ text: String) throws { try show(isTerminal ? TerminalEscaper.escaped(text) : text) }

    /// Writes bytes to standard output as they are.
    /// - Throws: ``CommandFailure``.
    static func writeRaw(_ bytes: [UInt8]) throws {
        switch write(bytes, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: throw CommandFailure.reported
        case let number: throw CommandFailure("cannot write to standard output: \(String(cString: strerror(number)))")
        }
    }

    /// Says on standard error, on one line, what went wrong and what to do.
    static func complain(_ line: String) { remark("f2s: " + line) }

    /// Says something on standard error.
    static func remark(_ line: String) {
        // Where standard error is closed there is nobody to tell. Errors quote what others have written.
        _ = write(Array((line.printable + "\n").utf8), to: STDERR_FILENO)
    }

    /// Passes on what somebody else has written to its standard error.
    static func relayError(_ bytes: [UInt8]) { _ = write(bytes, to: STDERR_FILENO) }

    /// Columns of the terminal; `nil`: it does not say.
    private static var width: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The error number; 0: everything is written.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// What a function has written, on its way to standard output piece by piece.
struct ForeignOutput {
    private let isRaw: Bool
    private var escaper = TerminalEscaper()

    /// - Parameter isRaw: whether the pieces go to a terminal as they are.
    init(isRaw: Bool) { self.isRaw = isRaw || !Terminal.isTerminal }

    /// Writes a piece.
    /// - Throws: ``CommandFailure``.
    mutating func write(_ piece: [UInt8]) throws {
        if isRaw { try Terminal.writeRaw(piece) } else { try Terminal.show(escaper.text(adding: piece)) }
    }

    /// Writes a text.
    /// - Throws: ``CommandFailure``.
    mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes what was kept back.
    /// - Throws: ``CommandFailure``.
    mutating func finish() throws { if !isRaw { try Terminal.show(escaper.last()) } }
}
