/// The reason why a declaration or a setting was rejected. Other declarations and settings are not affected.
public struct Rejection: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file, relative to its folder, or the environment variable.
    public let location: String
    /// The line, from 1; `nil` if the whole file is meant.
    public let line: Int?
    /// The column, from 1.
    public let column: Int?
    /// A description of the error and of what is allowed.
    public let message: String

    /// Creates a rejection. Control characters in `location` and `message` are escaped.
    public init(location: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.location = location.printable
        self.line = line
        self.column = column
        self.message = message.printable
    }

    /// The rejection in the form of compiler errors, `file:line:column: message`.
    public var description: String {
        let position = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(location)\(position): \(message)"
    }
}
