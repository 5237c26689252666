/// The tokens that an F2S process sends to the others and accepts from them, newest first. During a rotation there are
/// two, so that processes that read the new token at different times accept each other.
public struct PeerTokens: Sendable, Hashable {
    /// The tokens, at most ``countMax``.
    public let texts: [String]

    /// The header field with the tokens. It is sent only between F2S processes: it is not accepted from a caller, and a
    /// replica does not receive it.
    public static let fieldName = "X-F2S-Token"
    /// The maximum number of tokens.
    public static let countMax = 2
    /// The maximum length of a token, in bytes.
    public static let bytesMax = 1024

    /// Creates a list of the first valid tokens, without duplicates.
    public init(_ texts: [String] = []) {
        var valid: [String] = []
        for text in texts where Self.isValid(text) && !valid.contains(text) { valid.append(text) }
        self.texts = Array(valid.prefix(Self.countMax))
    }

    /// Returns true if a text consists of visible ASCII without spaces, of at most ``bytesMax`` bytes.
    public static func isValid(_ text: String) -> Bool {
        (1...bytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    /// True if there is a token. Without one, no process is trusted.
    public var isSet: Bool { !texts.isEmpty }

    /// The value of the header field: the tokens, separated by spaces; `nil` if there are none.
    public var fieldValue: String? { isSet ? texts.joined(separator: " ") : nil }

    /// Returns true if the value of the header field contains one of the tokens. The comparison takes constant time for
    /// given lengths: it does not stop at the first difference.
    public func areShown(by value: String?) -> Bool {
        guard let value else { return false }
        let shown = value.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard shown.count <= Self.countMax else { return false }
        var isShown = false
        for own in texts {
            for other in shown where other.count == own.utf8.count {
                var difference: UInt8 = 0
                for (one, another) in zip(own.utf8, other) { difference |= one ^ another }
                isShown = isShown || difference == 0
            }
        }
        return isShown
    }
}
