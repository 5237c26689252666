import F2SClient
import F2SModel
import FoundationEssentials
import Glibc

/// Standard output and standard error. Results go to standard output, remarks and errors to standard error.
///
/// Text of others, such as a function's log or response, must not control the user's terminal. It is escaped if
/// standard output is a terminal.
enum Terminal {
    /// True if standard output is a terminal, not a file or another program.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// The layout of text for people. It has no colours if NO_COLOR is set (https://no-color.org).
    static var layout: TextLayout {
        guard isTerminal else { return .plain }
        let environment = ProcessInfo.processInfo.environment
        let isColoured = environment.variable("NO_COLOR") == nil && environment["TERM"] != "dumb"
        return TextLayout(width: width, isColoured: isColoured)
    }

    /// Writes text that is formatted and escaped already.
    /// - Throws: ``CommandFailure/reported`` when the reader is gone, as in `f2s list | head`.
    static func show(_ text: String) throws { try writeRaw(Array(text.utf8)) }

    /// Writes text to standard output, escaped on a terminal.
    /// - Throws: The errors of ``show(_:)``.
    static func write(_ text: String) throws { try show(isTerminal ? TerminalEscaper.escaped(text) : text) }

    /// Writes bytes to standard output unchanged.
    /// - Throws: ``CommandFailure``.
    static func writeRaw(_ bytes: [UInt8]) throws {
        switch write(bytes, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: throw CommandFailure.reported
        case let number: throw CommandFailure("cannot write to standard output: \(String(cString: strerror(number)))")
        }
    }

    /// Writes an error to standard error: one line with the cause and advice.
    static func printError(_ line: String) { remark("f2s: " + line) }

    /// Writes a remark to standard error.
    static func remark(_ line: String) {
        // A failed write is ignored: without standard error, nothing can be reported. The text is escaped, because
        // errors quote text of others.
        _ = write(Array((line.printable + "\n").utf8), to: STDERR_FILENO)
    }

    /// Writes the standard error of another program to standard error, unchanged.
    static func relayError(_ bytes: [UInt8]) { _ = write(bytes, to: STDERR_FILENO) }

    /// The number of columns of the terminal; `nil` if it is unknown.
    private static var width: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Returns the error number, or 0 if everything was written.
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

/// Writes the output of a function to standard output in pieces.
struct ForeignOutput {
    private let isRaw: Bool
    private var escaper = TerminalEscaper()

    /// - Parameter isRaw: True to write the pieces to a terminal without escaping.
    init(isRaw: Bool) { self.isRaw = isRaw || !Terminal.isTerminal }

    /// Writes a piece.
    /// - Throws: ``CommandFailure``.
    mutating func write(_ piece: [UInt8]) throws {
        if isRaw { try Terminal.writeRaw(piece) } else { try Terminal.show(escaper.text(adding: piece)) }
    }

    /// Writes a text.
    /// - Throws: ``CommandFailure``.
    mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes the buffered rest.
    /// - Throws: ``CommandFailure``.
    mutating func finish() throws { if !isRaw { try Terminal.show(escaper.last()) } }
}
