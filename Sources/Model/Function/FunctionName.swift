/// The name of a function (`metadata.name`): a DNS-1123 label, because it also names the Deployment and the Service.
public struct FunctionName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name, 1…63 characters of `a-z`, `0-9` and `-`.
    public let text: String

    /// Creates a name from a DNS-1123 label (RFC 1123 section 2.1).
    /// - Throws: ``FieldError`` for `field` if the text is not such a label.
    public init(_ text: String, field: String = "metadata.name") throws(FieldError) {
        let bytes = Array(text.utf8)
        let isLabel =
            (1...63).contains(bytes.count) && bytes.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            && bytes.first.map(Self.isAlphanumeric) == true && bytes.last.map(Self.isAlphanumeric) == true
        guard isLabel else {
            throw FieldError(
                field: field, value: text,
                requirement: "be 1 to 63 lower-case letters, digits or '-', and begin and end with a letter or digit")
        }
        self.text = text
    }

    /// The name itself.
    public var description: String { text }

    /// Compares the texts alphabetically.
    public static func < (left: FunctionName, right: FunctionName) -> Bool { left.text < right.text }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
