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

    /// One sentence with the field, its value and the requirement.
    public var description: String {
        guard let value else { return "\(field) is missing: it must \(requirement)" }
        return "\(field) is \"\(value)\": it must \(requirement)"
    }
}
