/// Cuts a stream of bytes into lines of text.
struct LineCutter {
    private let bytesMax: Int
    private var rest: [UInt8] = []

    /// Creates a cutter that splits lines longer than `bytesMax` into several lines.
    init(bytesMax: Int = 16 * 1024) { self.bytesMax = max(1, bytesMax) }

    /// Adds bytes and returns the lines that are complete now, without their ends. Invalid UTF-8 becomes U+FFFD.
    mutating func lines(of bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(popRest())
            } else {
                if rest.count == bytesMax { lines.append(popRest()) }
                rest.append(byte)
            }
        }
        return lines
    }

    /// The text after the last line end so far; `nil` if there is none.
    var partial: String? { rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self) }

    /// Removes and returns the text after the last line end, once no more bytes come; `nil` if there is none.
    mutating func last() -> String? { rest.isEmpty ? nil : popRest() }

    private mutating func popRest() -> String {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
