extension String {
    /// The text with control characters written as `\u{1b}`: what a stranger has written must not steer a terminal or
    /// forge a line of a log when an error quotes it.
    public var printable: String {
        guard unicodeScalars.contains(where: Self.isControl) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if Self.isControl(scalar) {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        // Most texts are ASCII, and a scalar's properties take long to look up.
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        // These two join and part letters of several scripts, and the parts of pictures; they move nothing else.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }
}
