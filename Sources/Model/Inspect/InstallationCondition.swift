/// Something about the installation as a whole that should be true.
public struct InstallationCondition: Sendable, Hashable {
    /// What it is about.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The settings as they are written down are in force.
        case settingsAccepted = "SettingsAccepted"
        /// The other F2S processes know the internal token of this one.
        case peersTrusted = "PeersTrusted"
    }

    /// What it is about.
    public var kind: Kind
    /// Whether all is well.
    public var isTrue: Bool
    /// One word for programs.
    public var reason: String
    /// A sentence for people.
    public var message: String

    /// A condition.
    public init(_ kind: Kind, isTrue: Bool, reason: String, message: String) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message
    }
}

extension InstallationCondition: Encodable {
    private enum Key: String, CodingKey { case type, status, reason, message }

    /// The form of Kubernetes' conditions.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind.rawValue, forKey: .type)
        try container.encode(isTrue ? "True" : "False", forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(message, forKey: .message)
    }
}
