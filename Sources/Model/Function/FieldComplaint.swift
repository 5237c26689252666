/// Why one field of a declaration cannot be accepted: which field, what stood there, and what is allowed.
public struct FieldComplaint: Error, Sendable, Hashable, CustomStringConvertible {
    /// Path of the field as the user writes it, for example `target.maxReplicas`.
    public let field: String
    /// What stood there, shortened to 80 characters; `nil` when the field is missing.
    public let value: String?
    /// What is allowed, as the end of the sentence "… must …".
    public let requirement: String

    /// Creates a complaint; a long `value` is shortened so that an error stays readable.
    public init(field: String, value: String?, requirement: String) {
        self.field = field.printable
        self.value = value.map { ($0.count > 80 ? String($0.prefix(77)) + "..." : $0).printable }
        self.requirement = requirement
    }

    /// One sentence: field, value and what is allowed.
    public var description: String {
        guard let value else { return "\(field) is missing: it must \(requirement)" }
        return "\(field) is \"\(value)\": it must \(requirement)"
    }
}
