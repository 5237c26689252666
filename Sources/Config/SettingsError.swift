public import F2SModel

/// Why settings were refused; nothing of them is in force.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Every value that is wrong, at least one.
    public let complaints: [Refusal]

    /// An error.
    public init(_ complaints: [Refusal]) { self.complaints = complaints }

    /// The complaints, one per line.
    public var description: String { complaints.map(\.description).joined(separator: "\n") }
}
