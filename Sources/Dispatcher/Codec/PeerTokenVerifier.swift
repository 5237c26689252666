import F2SModel

/// Verifies the tokens by which F2S processes trust each other, in a header field of their own.
struct PeerTokenVerifier: Sendable {
    /// Name of the field, in lower case.
    static let name: StaticString = "x-f2s-token"

    private let tokens: [[UInt8]]
    /// The whole field line; empty without a token.
    let line: [UInt8]

    init(_ tokens: PeerTokens) {
        self.tokens = tokens.texts.map { Array($0.utf8) }
        line = tokens.fieldValue.map { Array("\(PeerTokens.fieldName): \($0)\r\n".utf8) } ?? []
    }

    /// True if there is a token. Without one, no other process is trusted.
    var isSet: Bool { !tokens.isEmpty }

    /// Returns true if a head has exactly one such field and it holds one of the tokens.
    func isShown(by fields: FieldTable, _ head: Span<UInt8>) -> Bool {
        var found: Bool?
        for field in fields where head.isCaseInsensitively(Self.name, in: field.name) {
            found = found == nil && holdsToken(head, field.value)
        }
        return found ?? false
    }

    /// Returns true if one of the words of a value is a token, and there are no more words than a process may show.
    private func holdsToken(_ head: Span<UInt8>, _ value: ByteRange) -> Bool {
        var isShown = false
        var words = 0
        var start = value.lower
        for index in value.lower...value.upper where index == value.upper || head[index] == Octet.space {
            words += 1
            for token in tokens where isSame(head, ByteRange(start, index), token) { isShown = true }
            start = index + 1
        }
        return isShown && words <= PeerTokens.countMax
    }

    /// Returns true if the range equals the token. The time depends on the length only, and not on the position of a
    /// difference.
    private func isSame(_ other: Span<UInt8>, _ range: ByteRange, _ token: [UInt8]) -> Bool {
        guard range.count == token.count else { return false }
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ other[range.lower + index] }
        return difference == 0
    }
}
