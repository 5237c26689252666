/// The tokens that an F2S process shows to the others and accepts from them, newest first. While a token is replaced
/// there are two, so that processes that learn of the new one at different times understand each other.
public struct PeerTokens: Sendable, Hashable {
    /// The tokens, at most ``countMax``.
    public let texts: [String]

    /// Tokens at once.
    public static let countMax = 2
    /// Bytes of a token.
    public static let bytesMax = 1024

    /// The first tokens that can stand in a header field, each once.
    public init(_ texts: [String] = []) {
        var valid: [String] = []
        for text in texts where Self.isValid(text) && !valid.contains(text) { valid.append(text) }
        self.texts = Array(valid.prefix(Self.countMax))
    }

    /// Whether a text is visible ASCII, without spaces, of at most ``bytesMax`` bytes.
    public static func isValid(_ text: String) -> Bool {
        (1...bytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    /// Whether there is one: without it nobody is trusted.
    public var isSet: Bool { !texts.isEmpty }

    /// What stands in the header field: the tokens with a space between them; `nil` without one.
    public var fieldValue: String? { isSet ? texts.joined(separator: " ") : nil }

    /// Whether the value of the header field holds one of the tokens. The time depends on the lengths alone, and not on
    /// where the first difference is.
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
