/// The form of a field's value, from which the REST API describes the field.
public indirect enum FieldSchema: Sendable, Hashable {
    /// A text.
    case text
    /// One of these words.
    case word([String])
    /// A duration such as `1m30s`.
    case duration
    /// `true` or `false`.
    case flag
    /// A whole number within a range, and its default if it has one.
    case wholeNumber(ClosedRange<Int>, standard: Int?)
    /// A number above zero and at most `maximum`.
    case positiveNumber(maximum: Int)
    /// A sequence.
    case list(FieldSchema)
    /// A mapping with names of the user's choice.
    case map(FieldSchema)
    /// A mapping with these fields.
    case object([Member])

    /// A field of a mapping.
    public struct Member: Sendable, Hashable {
        /// The name of the field.
        public let name: String
        /// The form of its value.
        public let schema: FieldSchema
    }

    /// `target` of a function.
    public static let target = object(TargetFields.target.map(\.member))
}
