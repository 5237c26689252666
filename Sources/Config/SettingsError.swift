public import F2SModel

/// The reason why settings were rejected. None of them is in force.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The errors of all invalid values, at least one.
    public let rejections: [Rejection]

    /// Creates an error.
    public init(_ rejections: [Rejection]) { self.rejections = rejections }

    /// The rejections, one per line.
    public var description: String { rejections.map(\.description).joined(separator: "\n") }
}
