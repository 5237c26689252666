import F2SManifest

extension JSONValue {
    /// The value as a node for the manifest reader. The node has no position in a text.
    var node: YAMLNode {
        switch self {
        case .null: Self.node(.scalar("null", isPlain: true))
        case .bool(let flag): Self.node(.scalar(flag ? "true" : "false", isPlain: true))
        case .integer(let number): Self.node(.scalar("\(number)", isPlain: true))
        case .number(let number): Self.node(.scalar("\(number)", isPlain: true))
        case .string(let text): Self.node(.scalar(text, isPlain: false))
        case .array(let elements): Self.node(.list(elements.map(\.node)))
        case .object(let members):
            // Errors are reported in the order of the members, so the order must be the same each time.
            Self.node(
                .map(
                    members.sorted { $0.key < $1.key }.map {
                        YAMLNode.Member(key: $0.key, position: Self.nowhere, value: $0.value.node)
                    }))
        }
    }

    private static func node(_ content: YAMLNode.Content) -> YAMLNode { YAMLNode(content, at: nil) }

    private static let nowhere = YAMLPosition(line: 1, column: 1)
}
