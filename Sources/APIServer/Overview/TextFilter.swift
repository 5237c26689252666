/// Finds a text in other texts, in any letter case. It searches ten thousand functions per request, so it compares
/// bytes and creates no texts.
struct TextFilter: Sendable {
    private let wanted: String
    private let bytes: [UInt8]
    private let isASCII: Bool

    /// Creates a filter. An empty text is in every text.
    init(_ text: String) {
        wanted = text.lowercased()
        bytes = Array(wanted.utf8)
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    /// Returns true if the text contains the wanted one.
    func matches(_ text: String) -> Bool {
        // Only the letters of ASCII have the same bytes in both cases but for one bit.
        isASCII ? contains(text.utf8Span.span) : text.lowercased().contains(wanted)
    }

    private func contains(_ text: Span<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        guard text.count >= bytes.count else { return false }
        for start in 0...(text.count - bytes.count) where Self.lowercased(text[start]) == first {
            var length = 1
            while length < bytes.count, Self.lowercased(text[start + length]) == bytes[length] { length += 1 }
            if length == bytes.count { return true }
        }
        return false
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
