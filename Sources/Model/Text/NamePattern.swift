/// A pattern of names. Letters, digits, hyphens and dots match themselves; `*` matches any characters, including none.
public struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    /// The text of the pattern.
    public let text: String

    /// The maximum length of a pattern, in bytes.
    public static let bytesMax = 253

    /// Creates a pattern; `nil` if the text is empty, too long, or contains another character.
    public init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isPatternByte) else {
            return nil
        }
        self.text = text
    }

    private init(known text: String) { self.text = text }

    /// The pattern that matches every name.
    public static let any = NamePattern(known: "*")

    /// The text of the pattern.
    public var description: String { text }

    /// Returns true if the pattern matches a name.
    public func matches(_ name: String) -> Bool {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return name == text }
        guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else {
            return false
        }
        // The leftmost match of each part leaves the most characters for the parts after it.
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
