/// One value of a YAML document, with its position: plain data without anchors, tags or cycles.
public struct YAMLNode: Sendable, Hashable {
    /// The content of a value.
    public enum Content: Sendable, Hashable {
        /// The characters as written. A plain scalar has no quotes, so it may mean a number, a Boolean or null.
        case scalar(String, isPlain: Bool)
        /// A sequence.
        case list([YAMLNode])
        /// A mapping in the order of the text. No key occurs twice.
        case map([Member])
    }

    /// A key of a mapping with its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public let key: String
        /// The position of the key.
        public let position: YAMLPosition
        /// The value.
        public let value: YAMLNode

        /// Creates a member.
        public init(key: String, position: YAMLPosition, value: YAMLNode) {
            self.key = key
            self.position = position
            self.value = value
        }
    }

    /// The content.
    public let content: Content
    /// The position at which it begins; `nil` if it was not parsed from a text, such as a setting from the environment.
    public let position: YAMLPosition?
    /// True if errors do not repeat the value, because it may be a secret.
    public let isSecret: Bool

    /// Creates a value.
    public init(_ content: Content, at position: YAMLPosition?, isSecret: Bool = false) {
        self.content = content
        self.position = position
        self.isSecret = isSecret
    }

    /// True if the value is null: it is empty, `~` or `null` without quotes.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// Returns the position of the field at a dotted path, or of its nearest parent in the text.
    public func position(of path: String) -> YAMLPosition? {
        guard case .map(let members) = content else { return position }
        for member in members {
            if member.key == path { return member.value.position ?? member.position }
            // A key may contain dots itself, so the path is not split: keys are compared with its beginning.
            if path.hasPrefix(member.key + ".") {
                return member.value.position(of: String(path.dropFirst(member.key.count + 1))) ?? member.position
            }
        }
        return position
    }
}
