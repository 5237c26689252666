import Glibc

/// A property that does not hold for an input.
struct Finding: Error {
    /// The expected and the actual result.
    let text: String

    init(_ text: String) { self.text = text }

    /// Prints the finding and the input, then aborts. libFuzzer handles the abort as a crash and saves the input.
    func report(_ input: Span<UInt8>) -> Never {
        var report = "\nFINDING: \(text)\nInput (\(input.count) bytes):\n\(input.escaped)\n"
        report.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        abort()
    }
}

extension Span<UInt8> {
    /// The bytes as readable text: unprintable bytes are escaped, and a new line follows each line feed.
    var escaped: String {
        var text = "  "
        for index in indices {
            let byte = self[index]
            switch byte {
            case Octet.carriageReturn: text += "\\r"
            case Octet.lineFeed: text += index + 1 < count ? "\\n\n  " : "\\n"
            case Octet.tab: text += "\\t"
            case UInt8(ascii: "\\"): text += "\\\\"
            case 32...126: text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
            }
        }
        return text
    }

    /// Returns a range of the bytes as readable text on one line.
    func quoted(_ range: ByteRange) -> String {
        let text = extracting(range.lower..<Swift.max(range.lower, range.upper)).escaped
        return "'\(text.dropFirst(2).split(separator: "\n").joined())'"
    }
}
