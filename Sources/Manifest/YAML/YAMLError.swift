import F2SModel

/// A position in a text.
public struct YAMLPosition: Sendable, Hashable {
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in Unicode scalars.
    public let column: Int

    /// Creates a position.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// The reason why a text or a value in it was rejected.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The position of the error; `nil` if the whole text is meant.
    public let position: YAMLPosition?
    /// One sentence about the value and what is allowed.
    public let message: String
    /// The path of the field that is meant, as the user writes it; `nil` if the error is not about one field.
    public let field: String?

    /// Creates an error.
    /// - Parameter field: The path of the field that is meant.
    public init(_ message: String, at position: YAMLPosition?, field: String? = nil) {
        self.position = position
        self.message = message
        self.field = field
    }

    /// Creates an error from any error that a reader of one value has thrown. A `YAMLError` is unchanged; an error of
    /// the model gets the position of the value.
    public init(_ error: any Error, at position: YAMLPosition?) {
        switch error {
        case let error as YAMLError: self = error
        case let error as FieldError: self.init("\(error.description).", at: position, field: error.field)
        default: self.init("\(error)", at: position)
        }
    }

    /// `line:column: message`.
    public var description: String {
        guard let position else { return message }
        return "\(position.line):\(position.column): \(message)"
    }
}
