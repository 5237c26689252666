import F2SManifest
import FoundationEssentials
import Glibc

/// What lies in `deploy/`, read as plain data.
enum DeployFile {
    /// The bytes of a file, by its path from the repository's root.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "\(try root())/\(path)") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return Array(data)
    }

    /// Every document of a file.
    static func documents(_ path: String) throws -> [YAMLNode] {
        try YAMLReader().documents(try bytes(path)).map { try $0.get() }
    }

    /// The paths of the manifests that are examples.
    static func examples() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(try root())/examples")
            .filter { $0.hasSuffix(".yaml") }.map { "examples/\($0)" }.sorted()
    }

    /// The repository's root.
    static func root(of file: String = #filePath) throws -> String {
        // Sources may be reached over a symbolic link, where the folders above are somebody else's.
        guard let resolved = realpath(file, nil) else { throw CocoaError(.fileNoSuchFile) }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/" + $1 }
    }
}

extension YAMLNode {
    /// The members of a map by their names; empty for anything else.
    var fields: [String: YAMLNode] {
        guard case .map(let members) = content else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }

    /// The elements of a list; empty for anything else.
    var elements: [YAMLNode] {
        guard case .list(let elements) = content else { return [] }
        return elements
    }

    /// The characters of a scalar.
    var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// The number that a scalar is.
    var number: Double? { text.flatMap { Double($0) } }

    /// The texts of a list.
    var texts: [String] { elements.compactMap(\.text) }

    /// The value below these names.
    subscript(path: String...) -> YAMLNode? {
        path.reduce(self as YAMLNode?) { node, name in node?.fields[name] }
    }

    /// The same value as plain text, whatever form it was written in: two nodes that mean the same have the same.
    var plainText: String {
        switch content {
        case .scalar(let text, _): text
        case .list(let elements): "[" + elements.map(\.plainText).joined(separator: ",") + "]"
        case .map(let members):
            "{" + members.map { "\($0.key):\($0.value.plainText)" }.sorted().joined(separator: ",") + "}"
        }
    }

    /// Whether it is a part of `other`: every name is there with the same value.
    func isPart(of other: YAMLNode?) -> Bool {
        guard let other else { return false }
        return fields.allSatisfy { name, value in other.fields[name]?.plainText == value.plainText }
    }
}
