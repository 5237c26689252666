/// The name of a host as it stands in a URL (RFC 1123 section 2.1), for settings.
enum HostName {
    /// Bytes of a name (RFC 1035 section 2.3.4).
    private static let bytesMax = 253

    /// Whether it is letters, digits and hyphens with dots between them; a port, a scheme or a pattern is something
    /// else.
    static func isValid(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-" && label.utf8.allSatisfy(isLabelByte)
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
