/// What F2S processes show to each other.
struct InternalToken: Sendable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether a field holds the token. Takes as long wherever the difference is; only the length can be told from the
    /// time. Without a token nobody is trusted.
    func isShown(by value: String?) -> Bool {
        guard let value, !bytes.isEmpty, value.utf8.count == bytes.count else { return false }
        var difference: UInt8 = 0
        for (own, other) in zip(bytes, value.utf8) { difference |= own ^ other }
        return difference == 0
    }
}
