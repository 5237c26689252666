/// Why settings were refused; nothing of them is in force.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Every value that is wrong, at least one.
    public let complaints: [SettingsComplaint]

    /// An error.
    public init(_ complaints: [SettingsComplaint]) { self.complaints = complaints }

    /// The complaints, one per line.
    public var description: String { complaints.map(\.description).joined(separator: "\n") }
}

/// One value that is wrong.
public struct SettingsComplaint: Sendable, Hashable, CustomStringConvertible {
    /// File, or environment variable.
    public let place: String
    /// Line from 1; `nil` in the environment, and when the whole file is meant.
    public let line: Int?
    /// Column from 1.
    public let column: Int?
    /// What is wrong and what is allowed.
    public let message: String

    /// A complaint.
    public init(place: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.place = place
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: message`, as compilers write it.
    public var description: String {
        let position = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(place)\(position): \(message)"
    }
}
