/// One value of a YAML document: plain data without anchors, tags or cycles, and where it stands.
public struct YAMLNode: Sendable, Hashable {
    /// What a value is made of.
    public enum Content: Sendable, Hashable {
        /// The characters as written. Plain ones stand without quotes, so they may mean a number, a truth or nothing.
        case scalar(String, isPlain: Bool)
        /// A sequence.
        case list([YAMLNode])
        /// A mapping in the order of the text; no key stands twice.
        case map([Member])
    }

    /// A key of a mapping with its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public let key: String
        /// Where the key stands.
        public let position: YAMLPosition
        /// Its value.
        public let value: YAMLNode

        /// A member.
        public init(key: String, position: YAMLPosition, value: YAMLNode) {
            self.key = key
            self.position = position
            self.value = value
        }
    }

    /// What it is made of.
    public let content: Content
    /// Where it begins; `nil` when it comes from no text, as a setting from the environment does.
    public let position: YAMLPosition?

    /// A value.
    public init(_ content: Content, at position: YAMLPosition?) {
        self.content = content
        self.position = position
    }

    /// Whether nothing was written: an empty place, `~` or `null` without quotes.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// Where the field of this dotted path stands, or its nearest parent that was written.
    public func position(of path: String) -> YAMLPosition? {
        guard case .map(let members) = content else { return position }
        for member in members {
            if member.key == path { return member.value.position ?? member.position }
            // A key may hold dots itself, so the path is not split: keys are matched against its front.
            if path.hasPrefix(member.key + ".") {
                return member.value.position(of: String(path.dropFirst(member.key.count + 1))) ?? member.position
            }
        }
        return position
    }
}
