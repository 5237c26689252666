extension String {
    /// The text with control characters escaped as `\u{1b}`. An error or log line that quotes untrusted text must not
    /// control a terminal or forge another log line.
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
        // Most texts are ASCII, and reading the properties of a scalar is slow.
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        // These two control the joining of letters in several scripts and of emoji parts. They do not move other text.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }
}
