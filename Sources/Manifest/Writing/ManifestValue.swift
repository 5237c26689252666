import F2SModel

/// A value that is written as YAML or as JSON.
indirect enum ManifestValue {
    /// A text, quoted if necessary.
    case text(String)
    /// A number or a Boolean, never quoted.
    case bare(String)
    /// A sequence.
    case list([ManifestValue])
    /// A mapping whose members are written in this order.
    case map([(name: String, value: ManifestValue)])

    /// The value as JSON on one line (RFC 8259).
    var json: String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .bare(let text): text
        case .list(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .map(let members):
            "{" + members.map { "\(Self.quoted($0.name)):\($0.value.json)" }.joined(separator: ",") + "}"
        }
    }

    /// The value as block YAML. Each line has a line end.
    var yaml: String {
        var lines = ""
        write(to: &lines, indent: "")
        return lines
    }

    private func write(to lines: inout String, indent: String) {
        guard case .map(let members) = self else { return }
        for (name, value) in members {
            lines += "\(indent)\(Self.scalar(name)):"
            switch value {
            case .map(let inner) where !inner.isEmpty:
                lines += "\n"
                value.write(to: &lines, indent: indent + "  ")
            case .text(let text) where Self.isLiteral(text):
                lines += " " + Self.literal(text, indent: indent + "  ")
            case .list(let elements) where elements.contains(where: \.isMap):
                lines += "\n"
                for element in elements { element.writeElement(to: &lines, indent: indent + "  ") }
            default: lines += " \(value.flow)\n"
            }
        }
    }

    /// Writes a mapping as an element of a list: its first line has the dash.
    func writeElement(to lines: inout String, indent: String) {
        var element = ""
        write(to: &element, indent: indent + "  ")
        lines += element.isEmpty ? "\(indent)- \(flow)\n" : "\(indent)- \(element.dropFirst(indent.count + 2))"
    }

    /// The value on one line.
    private var flow: String {
        switch self {
        case .text(let text): Self.scalar(text)
        case .bare(let text): text
        case .list(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
        case .map(let members):
            "{" + members.map { "\(Self.scalar($0.name)): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }

    private var isMap: Bool {
        if case .map = self { true } else { false }
    }

    /// Returns the text without quotes if every reader of YAML 1.1 and 1.2 reads it as a text, else quoted.
    private static func scalar(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.first, isLetter(first) || first == UInt8(ascii: "/"), bytes.last != UInt8(ascii: " "),
            bytes.last != UInt8(ascii: ":"), isPlain(bytes),
            bytes.count > longestWord || !wordsWithMeaning.contains(text.lowercased())
        else { return quoted(text) }
        return text
    }

    /// Returns true if a text of several lines can be written as a literal block, which people read more easily than a
    /// quoted text (YAML 1.2.2 section 8.1.2): its first line is not blank and not indented, so that no indentation
    /// indicator is needed, and it has only characters that need no escape.
    private static func isLiteral(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, !" \t\n".unicodeScalars.contains(first),
            text.utf8.contains(UInt8(ascii: "\n"))
        else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar == "\t" || scalar.value >= 0x20 && scalar.value != 0x7F && !mustEscape(scalar)
        }
    }

    /// Returns a literal block. Its indicator says how many line ends the text has: none, one, or more.
    private static func literal(_ text: String, indent: String) -> String {
        let indicator = text.hasSuffix("\n\n") ? "|+" : text.hasSuffix("\n") ? "|" : "|-"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if text.hasSuffix("\n") { lines.removeLast() }
        return lines.reduce(into: "\(indicator)\n") { block, line in
            block += line.isEmpty ? "\n" : "\(indent)\(line)\n"
        }
    }

    /// Returns true if every character is plain and no colon stands before a space.
    private static func isPlain(_ bytes: String.UTF8View) -> Bool {
        var before: UInt8 = 0
        for byte in bytes {
            guard isPlainByte(byte), before != UInt8(ascii: ":") || byte != UInt8(ascii: " ") else { return false }
            before = byte
        }
        return true
    }

    /// Returns the text as a JSON string, which is also a double-quoted scalar of YAML. So characters that YAML reads
    /// as line breaks or rejects are escaped, although JSON does not require it (YAML 1.2.2 section 5.1).
    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: mustEscape) else { return text.jsonText }
        var escaped = ""
        for scalar in text.jsonText.unicodeScalars {
            if mustEscape(scalar) {
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func mustEscape(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/._-@:+ ".utf8.contains(byte)
    }

    /// Words that YAML 1.1 reads as a Boolean or as null.
    private static let wordsWithMeaning: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    /// The length of the longest word, in bytes.
    private static let longestWord = 5
}
