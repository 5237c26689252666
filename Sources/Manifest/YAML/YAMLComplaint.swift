import F2SModel

/// A place in a text.
public struct YAMLPosition: Sendable, Hashable {
    /// Line from 1.
    public let line: Int
    /// Column from 1, counted in Unicode scalars.
    public let column: Int

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text, or a value in it, cannot be accepted.
public struct YAMLComplaint: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it stands; `nil` when the whole text is meant.
    public let position: YAMLPosition?
    /// What stands there and what is allowed: one sentence.
    public let message: String

    /// A complaint.
    public init(_ message: String, at position: YAMLPosition?) {
        self.position = position
        self.message = message
    }

    /// What a reader of one value has thrown: a complaint as it is, a complaint of the model with the value's place.
    public init(_ error: any Error, at position: YAMLPosition?) {
        switch error {
        case let complaint as YAMLComplaint: self = complaint
        case let complaint as FieldComplaint: self.init("\(complaint.description).", at: position)
        default: self.init("\(error)", at: position)
        }
    }

    /// `line:column: message`.
    public var description: String {
        guard let position else { return message }
        return "\(position.line):\(position.column): \(message)"
    }
}
