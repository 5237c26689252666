/// A JSON document that is reformatted for people: as YAML, or as JSON with one member per line.
public struct DocumentText {
    private let value: ManifestValue

    /// The maximum size of a document, in bytes.
    public static let bytesMax = 64 << 20

    /// Parses a document; `nil` if it is not a JSON object or exceeds the limits.
    public init?(json bytes: [UInt8]) {
        var limits = ManifestLimits()
        limits.bytesMax = Self.bytesMax
        limits.valuesMax = 4_000_000
        guard case .success(let root)? = try? YAMLReader(limits: limits).documents(bytes).first,
            case .map = root.content
        else { return nil }
        value = ManifestValue(root)
    }

    /// The document as block YAML.
    public var yaml: String { value.yaml }

    /// The document as JSON with two spaces per level and a final line end.
    public var json: String { value.indentedJSON() + "\n" }
}

extension ManifestValue {
    /// Creates a value from a node that was read from JSON.
    init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let text, isPlain: true): self = .bare(text.isEmpty ? "null" : text)
        case .scalar(let text, isPlain: false): self = .text(text)
        case .list(let elements): self = .list(elements.map { ManifestValue($0) })
        case .map(let members): self = .map(members.map { ($0.key, ManifestValue($0.value)) })
        }
    }

    fileprivate func indentedJSON(_ indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .list(let elements) where !elements.isEmpty:
            let lines = elements.map { inner + $0.indentedJSON(inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        case .map(let members) where !members.isEmpty:
            let lines = members.map { "\(inner)\(ManifestValue.text($0.name).json): \($0.value.indentedJSON(inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        default: return json
        }
    }
}
