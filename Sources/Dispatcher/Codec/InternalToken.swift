/// What F2S processes show to each other, in a header field of its own.
struct InternalToken: Sendable {
    /// Name of the field, in lower case.
    static let name: StaticString = "x-f2s-token"

    private let bytes: [UInt8]
    /// The whole field line.
    let line: [UInt8]

    /// `nil`: the token cannot stand in a field, and the two processes would not understand each other.
    init?(_ bytes: [UInt8]) {
        guard bytes.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        self.bytes = bytes
        line = Array("X-F2S-Token: ".utf8) + bytes + Array("\r\n".utf8)
    }

    /// Whether there is one: without it nobody is trusted.
    var isSet: Bool { !bytes.isEmpty }

    /// Whether exactly one field of a head holds the token.
    func isShown(by fields: [Field], _ head: Span<UInt8>) -> Bool {
        var found: Bool?
        for field in fields where head.isCaseInsensitively(Self.name, in: field.name) {
            found = found == nil && isSame(head, field.value)
        }
        return found ?? false
    }

    /// Takes as long wherever the difference is; only the length can be told from the time.
    private func isSame(_ other: Span<UInt8>, _ range: ByteRange) -> Bool {
        guard isSet, range.count == bytes.count else { return false }
        var difference: UInt8 = 0
        for index in bytes.indices { difference |= bytes[index] ^ other[range.lower + index] }
        return difference == 0
    }
}
