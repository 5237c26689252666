/// Cuts a stream of bytes into lines of text.
struct LineCutter {
    private let bytesMax: Int
    private var rest: [UInt8] = []

    /// Lines longer than `bytesMax` come in several pieces.
    init(bytesMax: Int = 16 * 1024) { self.bytesMax = max(1, bytesMax) }

    /// The lines that are complete now, without their ends. Bytes that are no UTF-8 become U+FFFD.
    mutating func lines(of bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(takeRest())
            } else {
                if rest.count == bytesMax { lines.append(takeRest()) }
                rest.append(byte)
            }
        }
        return lines
    }

    /// What stands after the last line end so far; `nil`: nothing.
    var partial: String? { rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self) }

    /// What stands after the last line end, once no more bytes come.
    mutating func last() -> String? { rest.isEmpty ? nil : takeRest() }

    private mutating func takeRest() -> String {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
