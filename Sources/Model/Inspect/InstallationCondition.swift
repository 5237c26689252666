/// A condition of the whole installation that should be true.
public struct InstallationCondition: Sendable, Hashable {
    /// The type of a condition.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The newest settings are valid and in force.
        case settingsAccepted = "SettingsAccepted"
        /// The other F2S processes accept the internal token of this one.
        case peersTrusted = "PeersTrusted"
    }

    /// The type of the condition.
    public var kind: Kind
    /// True if the condition holds.
    public var isTrue: Bool
    /// One word for programs.
    public var reason: String
    /// One sentence for people.
    public var message: String

    /// Creates a condition.
    public init(_ kind: Kind, isTrue: Bool, reason: String, message: String) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
    }
}

extension InstallationCondition: Encodable {
    private enum Key: String, CodingKey { case type, status, reason, message }

    /// Encodes the condition in the form of Kubernetes' conditions.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind.rawValue, forKey: .type)
        try container.encode(isTrue ? "True" : "False", forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(message, forKey: .message)
    }
}
