import F2SManifest
import Testing

/// The schema with which the API server validates functions.
struct FunctionSchema: CustomTestStringConvertible {
    /// The whole definition.
    let definition: YAMLNode
    /// The version that is served and stored.
    let version: YAMLNode
    /// Its schema.
    let root: YAMLNode

    /// Short, because a failed expectation prints it.
    var testDescription: String { "deploy/crd.yaml" }

    init() throws {
        definition = try #require(try DeployFile.documents("deploy/crd.yaml").first)
        version = try #require(definition["spec", "versions"]?.elements.first)
        root = try #require(version["schema", "openAPIV3Schema"])
    }

    /// Returns the schema of a field, by its path. Two brackets after a name stand for the elements of its list.
    func field(_ path: String) -> YAMLNode? {
        path.split(separator: ".").reduce(root as YAMLNode?) { parent, part in
            let isList = part.hasSuffix("[]")
            let field = parent?["properties"]?.fields[String(isList ? part.dropLast(2) : part)]
            return isList ? field?["items"] : field
        }
    }

    /// Returns the paths of the fields and of all fields below them.
    func paths(below parents: [String]) -> [String] {
        parents
            + parents.flatMap { parent in
                paths(below: (field(parent)?["properties"]?.fields.keys.sorted() ?? []).map { "\(parent).\($0)" })
            }
    }

    /// Returns true if the schema of a field accepts a text, according to its length limits and pattern.
    func accepts(_ text: String, at path: String, item: Bool = false) throws -> Bool {
        let field = try #require(self.field(path), "\(path) is not in the schema")
        let schema = try #require(item ? field["items"] ?? field["additionalProperties"] : field)
        let count = Double(text.unicodeScalars.count)
        if let least = schema["minLength"]?.number, count < least { return false }
        if let most = schema["maxLength"]?.number, count > most { return false }
        guard let pattern = schema["pattern"]?.text else { return true }
        return try text.firstMatch(of: Regex(pattern).matchingSemantics(.unicodeScalar)) != nil
    }
}
