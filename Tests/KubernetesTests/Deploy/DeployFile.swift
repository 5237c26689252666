import F2SManifest
import FoundationEssentials
import Glibc

/// The files in `deploy/`, read as plain data.
enum DeployFile {
    /// Returns the bytes of a file, by its path from the repository's root.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "\(try root())/\(path)") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return Array(data)
    }

    /// Returns all YAML documents of a file.
    static func documents(_ path: String) throws -> [YAMLNode] {
        try YAMLReader().documents(try bytes(path)).map { try $0.get() }
    }

    /// Returns the paths of the example manifests.
    static func examples() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(try root())/examples")
            .filter { $0.hasSuffix(".yaml") }.map { "examples/\($0)" }.sorted()
    }

    /// Returns the repository's root.
    static func root(of file: String = #filePath) throws -> String {
        // The path of the source file may contain a symbolic link, whose parent folders are not the repository's.
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

    /// The number in a scalar.
    var number: Double? { text.flatMap { Double($0) } }

    /// The texts of a list.
    var texts: [String] { elements.compactMap(\.text) }

    /// The value at a path of names.
    subscript(path: String...) -> YAMLNode? {
        path.reduce(self as YAMLNode?) { node, name in node?.fields[name] }
    }

    /// The value as plain text. Two nodes with the same value have the same plain text, even if their notation differs.
    var plainText: String {
        switch content {
        case .scalar(let text, _): text
        case .list(let elements): "[" + elements.map(\.plainText).joined(separator: ",") + "]"
        case .map(let members):
            "{" + members.map { "\($0.key):\($0.value.plainText)" }.sorted().joined(separator: ",") + "}"
        }
    }

    /// Returns true if `other` contains all of its fields with the same values.
    func isPart(of other: YAMLNode?) -> Bool {
        guard let other else { return false }
        return fields.allSatisfy { name, value in other.fields[name]?.plainText == value.plainText }
    }
}
