import F2SModel

/// Makes bytes of unknown origin harmless for a terminal. Control characters and characters that change the direction
/// of writing become visible escapes such as `\u{1b}`; bytes that are not UTF-8 become escapes such as `\x9b`. Line
/// ends and tabs stay.
///
/// Bytes arrive in pieces. A character that spans two pieces is buffered until it is complete.
public struct TerminalEscaper: Sendable {
    /// The bytes of an incomplete character, or a carriage return that may be the first half of a line end.
    private var rest: [UInt8] = []

    /// Creates an escaper with an empty buffer.
    public init() {}

    /// Adds a piece and returns the escaped text of all complete characters.
    public mutating func text(adding piece: [UInt8]) -> String {
        let bytes = rest + piece
        let end = Self.completeEnd(of: bytes)
        rest = Array(bytes[end...])
        return Self.escaped(bytes[..<end])
    }

    /// Returns the escaped text of the buffered bytes at the end of the input.
    public mutating func last() -> String {
        defer { rest = [] }
        return Self.escaped(rest[...])
    }

    /// Returns the escaped form of a whole text.
    public static func escaped(_ text: String) -> String { escaped(Array(text.utf8)[...]) }

    private static func escaped(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") || (0x20..<0x7F).contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
                index += 1
            } else if byte == UInt8(ascii: "\r"), bytes[(index + 1)...].first == UInt8(ascii: "\n") {
                // A lone carriage return is escaped, because the text after it would overwrite the line.
                text += "\r\n"
                index += 2
            } else if let character = character(at: index, in: bytes) {
                text += String(character.scalar).printable
                index += character.count
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                index += 1
            }
        }
        return text
    }

    private static func character(
        at index: Int, in bytes: ArraySlice<UInt8>
    ) -> (scalar: Unicode.Scalar, count: Int)? {
        let count = length(of: bytes[index])
        guard count > 0, index + count <= bytes.endIndex,
            let text = String(validating: bytes[index..<(index + count)], as: UTF8.self)
        else { return nil }
        return text.unicodeScalars.first.map { ($0, count) }
    }

    /// Returns the end index of the last complete character.
    private static func completeEnd(of bytes: [UInt8]) -> Int {
        if bytes.last == UInt8(ascii: "\r") { return bytes.count - 1 }
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            // This is a continuation byte; the first byte of the character is further left.
            if byte & 0xC0 == 0x80 { continue }
            return length(of: byte) > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }

    /// Returns the number of bytes of a character that begins with `byte` (RFC 3629), or 0 if no character does.
    private static func length(of byte: UInt8) -> Int {
        switch byte {
        case 0..<0x80: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }
}
