/// Something written that could not be accepted: a declaration or a setting; what stands around it is not affected.
public struct Refusal: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// File relative to its folder, or an environment variable.
    public let place: String
    /// Line from 1; `nil` when the whole file is meant.
    public let line: Int?
    /// Column from 1.
    public let column: Int?
    /// What is wrong and what is allowed.
    public let message: String

    /// A refusal.
    public init(place: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.place = place.printable
        self.line = line
        self.column = column
        self.message = message.printable
    }

    /// `file:line:column: message`, as compilers write it.
    public var description: String {
        let position = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(place)\(position): \(message)"
    }
}
