/// Detects paths that two parsers might read differently.
enum PathCheck {
    /// Returns true if a segment is `.` or `..` for any parser: raw or percent-encoded, also between encoded slashes or
    /// backslashes, and with parameters (`..;x`), which some parsers remove.
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

    /// Returns true if a path has a segment `.` or `..`, raw or percent-encoded, a backslash, or an encoded slash or
    /// backslash. Such a path is never the path of a function. Behind a function's route it is passed on byte for byte.
    static func isAmbiguous(_ path: String) -> Bool {
        let lower = path.lowercased()
        if lower.contains("%2f") || lower.contains("%5c") || lower.contains("\\") { return true }
        return lower.split(separator: "/").contains { segment in
            let plain = String(segment).replacing("%2e", with: ".")
            return plain == "." || plain == ".."
        }
    }
}
