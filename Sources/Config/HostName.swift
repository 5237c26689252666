/// The name of a host as in a URL (RFC 1123 section 2.1), for settings.
enum HostName {
    /// The maximum length of a name, in bytes (RFC 1035 section 2.3.4).
    private static let bytesMax = 253

    /// Returns true if the text consists of lower-case letters, digits and hyphens, separated by dots. A port, a scheme
    /// or a pattern is not allowed.
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
