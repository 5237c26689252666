import Glibc

/// Standard output and standard error. Answers go to the one, remarks and errors to the other.
enum Terminal {
    /// Writes to standard output.
    /// - Throws: ``CommandFailure/reported`` when nobody reads any more, as in `f2s logs hello | head`.
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes bytes to standard output.
    /// - Throws: ``CommandFailure``.
    static func write(_ bytes: [UInt8]) throws {
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
        // Where standard error is closed there is nobody to tell.
        _ = write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    /// Passes on what somebody else has written to its standard error.
    static func relayError(_ bytes: [UInt8]) { _ = write(bytes, to: STDERR_FILENO) }

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
