/// A pattern of names: letters, digits, hyphens and dots stand for themselves, `*` for any characters, none included.
public struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    public let text: String

    /// Bytes of a pattern.
    public static let bytesMax = 253

    /// - Returns: `nil` when it is empty, too long, or holds another character.
    public init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isPatternByte) else {
            return nil
        }
        self.text = text
    }

    private init(known text: String) { self.text = text }

    /// The pattern of every name.
    public static let any = NamePattern(known: "*")

    /// The pattern as it was written.
    public var description: String { text }

    /// Whether a name has the pattern.
    public func matches(_ name: String) -> Bool {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return name == text }
        guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else {
            return false
        }
        // The leftmost place of each part leaves the most for those behind it.
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }

    private static func isPatternByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-.*".utf8.contains(byte)
        }
    }
}
