/// Splits a stream of bytes into lines.
struct LineSplitter {
    /// The longest line in bytes. A longer line is split.
    static let lineBytesMax = 1 << 20

    private var rest: [UInt8] = []

    /// Creates a splitter with an empty buffer.
    init() {}

    /// Adds a chunk and returns the lines that are now complete, without their line ends (LF or CR LF).
    mutating func lines(adding chunk: [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in chunk {
            if byte == UInt8(ascii: "\n") {
                if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
                lines.append(cut())
            } else {
                rest.append(byte)
                if rest.count == Self.lineBytesMax { lines.append(cut()) }
            }
        }
        return lines
    }

    /// Returns the text after the last line end, or `nil` if there is none.
    mutating func last() -> String? { rest.isEmpty ? nil : cut() }

    private mutating func cut() -> String {
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
