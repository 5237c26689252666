/// Splits a stream of bytes into lines of text. Its memory is bounded, whatever the stream contains.
public struct LineSplitter: Sendable {
    /// The longest line of a log, in bytes.
    public static let logLineBytesMax = 16 * 1024

    private let lineBytesMax: Int
    private var rest: [UInt8] = []

    /// Creates a splitter with an empty buffer.
    /// - Parameter lineBytesMax: The longest line in bytes, at least 1. The rest of a longer line becomes a line of its
    ///   own.
    public init(lineBytesMax: Int = logLineBytesMax) { self.lineBytesMax = max(1, lineBytesMax) }

    /// Adds bytes and returns the lines that are complete now, without their line ends (LF or CR LF). Bytes that are
    /// not UTF-8 become U+FFFD.
    public mutating func lines(adding bytes: Span<UInt8>) -> [String] {
        var lines: [String] = []
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") {
                lines.append(cut())
            } else {
                if rest.count == lineBytesMax { lines.append(cut()) }
                rest.append(byte)
            }
        }
        return lines
    }

    /// The text after the last line end so far; `nil` if there is none.
    public var partial: String? { rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self) }

    /// Removes and returns the text after the last line end, once no more bytes arrive; `nil` if there is none.
    public mutating func last() -> String? { rest.isEmpty ? nil : cut() }

    private mutating func cut() -> String {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
