import F2SModel

/// What F2S processes show to each other, in a header field of its own.
struct InternalToken: Sendable {
    /// Name of the field, in lower case.
    static let name: StaticString = "x-f2s-token"

    private let tokens: [[UInt8]]
    /// The whole field line; empty without a token.
    let line: [UInt8]

    init(_ tokens: PeerTokens) {
        self.tokens = tokens.texts.map { Array($0.utf8) }
        line = tokens.fieldValue.map { Array("X-F2S-Token: \($0)\r\n".utf8) } ?? []
    }

    /// Whether there is one: without it nobody is trusted.
    var isSet: Bool { !tokens.isEmpty }

    /// Whether there is exactly one such field in a head, and it holds one of the tokens.
    func isShown(by fields: [Field], _ head: Span<UInt8>) -> Bool {
        var found: Bool?
        for field in fields where head.isCaseInsensitively(Self.name, in: field.name) {
            found = found == nil && holdsToken(head, field.value)
        }
        return found ?? false
    }

    /// Whether one of the words of a value, of which there are as many as a process may show, is a token.
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

    /// Takes as long wherever the difference is; only the length can be told from the time.
    private func isSame(_ other: Span<UInt8>, _ range: ByteRange, _ token: [UInt8]) -> Bool {
        guard range.count == token.count else { return false }
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ other[range.lower + index] }
        return difference == 0
    }
}
