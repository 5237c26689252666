/// Cuts a stream of bytes into lines.
struct LineSplitter {
    /// Longest line in bytes; what goes beyond is a line of its own.
    static let lineBytesMax = 1 << 20

    private var rest: [UInt8] = []

    /// Nothing yet.
    init() {}

    /// The lines that are complete now, without their ends (LF or CR LF).
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

    /// What stands after the last line end; `nil`: nothing.
    mutating func last() -> String? { rest.isEmpty ? nil : cut() }

    private mutating func cut() -> String {
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
