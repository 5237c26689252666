/// A text that must not be shown: a password, a key or a token. Its descriptions do not contain it, so that it cannot
/// get into a log line or an error by accident.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself.
    public let revealed: String

    /// Creates a secret.
    public init(_ text: String) { revealed = text }

    /// The placeholder for a secret in output: `***`.
    public static let mask = "***"

    /// ``mask``.
    public var description: String { Self.mask }
    /// ``mask``.
    public var debugDescription: String { Self.mask }
    /// A mirror without children, so that `dump` does not show the text either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
