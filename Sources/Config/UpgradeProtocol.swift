/// The name of a protocol in an Upgrade field (RFC 9110 section 7.8), for settings.
enum UpgradeProtocol {
    private static let bytesMax = 64

    /// Returns true if the text is a token, optionally with a version after a slash, and not a version of HTTP.
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), text.utf8.count <= bytesMax,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isTokenByte) })
        else { return false }
        return !["http", "h2", "h2c", "h3"].contains(parts[0].lowercased())
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
