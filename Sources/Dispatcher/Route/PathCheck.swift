/// Tells paths that two readers might take differently.
enum PathCheck {
    /// Whether a segment is `.` or `..` for any reader: raw or percent-encoded, between encoded slashes or backslashes
    /// too, and with parameters (`..;x`), which some leave out.
    static func hasDotSegment(_ bytes: Span<UInt8>, _ path: ByteRange) -> Bool {
        var dots = 0
        var isNameOver = false
        var index = path.lower
        while index < path.upper {
            var byte = bytes[index]
            index += 1
            if byte == Octet.percent, index + 1 < path.upper, let high = Octet.hexadecimal(bytes[index]),
                let low = Octet.hexadecimal(bytes[index + 1])
            {
                byte = UInt8(high << 4 | low)
                index += 2
            }
            switch byte {
            case Octet.slash, UInt8(ascii: "\\"):
                if dots == 1 || dots == 2 { return true }
                (dots, isNameOver) = (0, false)
            case Octet.semicolon: isNameOver = true
            case UInt8(ascii: "."): if !isNameOver, dots >= 0 { dots += 1 }
            default: if !isNameOver { dots = -1 }
            }
        }
        return dots == 1 || dots == 2
    }

    /// Whether a path has a segment `.` or `..`, raw or percent-encoded, or an encoded slash or backslash. Such a path
    /// is never the path of a function; behind a function's route it goes through byte for byte.
    static func isAmbiguous(_ path: String) -> Bool {
        let lower = path.lowercased()
        if lower.contains("%2f") || lower.contains("%5c") || lower.contains("\\") { return true }
        return lower.split(separator: "/").contains { segment in
            let plain = String(segment).replacing("%2e", with: ".")
            return plain == "." || plain == ".."
        }
    }
}
