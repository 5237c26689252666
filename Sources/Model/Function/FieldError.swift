/// The reason why one field of a declaration was rejected: the field, its value and the allowed values.
public struct FieldError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Path of the field as the user writes it, for example `target.maxReplicas`.
    public let field: String
    /// The rejected value, shortened to 80 characters; `nil` if the field is missing.
    public let value: String?
    /// The allowed values, as the end of the sentence "… must …".
    public let requirement: String

    /// Creates an error. Control characters are escaped, and a `value` of more than 80 characters is shortened.
    public init(field: String, value: String?, requirement: String) {
        self.field = field.printable
        self.value = value.map { ($0.count > 80 ? String($0.prefix(77)) + "..." : $0).printable }
        self.requirement = requirement
    }

    /// Creates an error about a number outside its range.
    init(_ field: String, _ value: Int, outside allowed: ClosedRange<Int>) {
        self.init(
            field: field, value: "\(value)", requirement: "be between \(allowed.lowerBound) and \(allowed.upperBound)")
    }

    /// Creates an error if a duration is outside its range.
    init?(_ field: String, _ duration: Duration?, outside allowed: ClosedRange<Duration>) {
        guard let duration, !allowed.contains(duration) else { return nil }
        self.init(
            field: field, value: duration.shortText,
            requirement: "be between \(allowed.lowerBound.shortText) and \(allowed.upperBound.shortText)")
    }

    /// Creates an error if a path on a replica is invalid.
    init?(_ field: String, path: String) {
        let isPath = path.utf8.first == UInt8(ascii: "/") && path.utf8.count <= Route.bytesMax
        let isClean = path.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        guard !(isPath && isClean) else { return nil }
        self.init(
            field: field, value: path,
            requirement:
                "be a path that begins with '/', without spaces, '?' or '#', of at most \(Route.bytesMax) bytes")
    }

    /// One sentence with the field, its value and the requirement.
    public var description: String {
        guard let value else { return "\(field) is missing: it must \(requirement)" }
        return "\(field) is \"\(value)\": it must \(requirement)"
    }
}
