extension Principal {
    /// The name of the field that tells a function its caller.
    public static let userField = "X-F2S-User"
    /// The name of the field that tells a function the groups of its caller.
    public static let groupsField = "X-F2S-Groups"
    /// The largest size of the fields, in bytes.
    public static let fieldBytesMax = 8 << 10

    /// True if the name and the groups fit in the fields of a request.
    public var isWithinBounds: Bool { fieldLines.count <= Self.fieldBytesMax }

    /// Returns the field lines that tell a function its caller. Bytes that a field must not contain, and the separator
    /// of groups within a name, are percent-encoded (RFC 3986 section 2.1).
    static func fieldLines(name: String, groups: [String]) -> [UInt8] {
        let user = "\(userField): \(encoded(name))\r\n"
        guard !groups.isEmpty else { return Array(user.utf8) }
        return Array("\(user)\(groupsField): \(groups.map(encoded).joined(separator: ","))\r\n".utf8)
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if (33...126).contains(byte), byte != UInt8(ascii: ","), byte != UInt8(ascii: "%") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
