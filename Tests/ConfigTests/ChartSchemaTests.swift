import F2SModel
import FoundationEssentials
import Glibc
import Testing

@testable import F2SConfig

/// The schema of the chart rejects a misspelt setting before it reaches a ConfigMap, and accepts every setting that F2S
/// accepts.
@Suite struct ChartSchemaTests {
    /// The part of a JSON schema that the tests use.
    private final class Node: Decodable, Sendable {
        let properties: [String: Node]?
        let additionalProperties: Bool?
        let minimum: Int?
        let maximum: Int?

        private enum Key: String, CodingKey { case properties, additionalProperties, minimum, maximum }

        init(from decoder: any Decoder) throws {
            let node = try decoder.container(keyedBy: Key.self)
            properties = try node.decodeIfPresent([String: Node].self, forKey: .properties)
            // `additionalProperties` may also be a schema, which allows further properties.
            additionalProperties = try? node.decode(Bool.self, forKey: .additionalProperties)
            minimum = try node.decodeIfPresent(Int.self, forKey: .minimum)
            maximum = try node.decodeIfPresent(Int.self, forKey: .maximum)
        }

        /// Returns the node at a path, and true if every object on the way forbids further properties.
        func find(_ path: some Collection<Substring>) -> (node: Node, isClosed: Bool)? {
            guard let name = path.first else { return (self, true) }
            guard let next = properties?[String(name)], let found = next.find(path.dropFirst()) else { return nil }
            return (found.node, found.isClosed && additionalProperties == false)
        }

        /// Returns the paths of all nodes that are not objects with members.
        func leaves(below path: String) -> [String] {
            guard let properties else { return [path] }
            return properties.flatMap { $1.leaves(below: path.isEmpty ? $0 : "\(path).\($0)") }
        }
    }

    private func config() throws -> Node {
        let resolved = try #require(realpath(#filePath, nil))
        defer { free(resolved) }
        let root = String(cString: resolved).split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
        let data = try #require(FileManager.default.contents(atPath: root + "/deploy/helm/f2s/values.schema.json"))
        return try #require(try JSONDecoder().decode(Node.self, from: data).properties?["config"])
    }

    @Test func `the schema contains exactly the settings of F2S`() throws {
        let known = Set(SettingsKey.all.map(\.path) + SkippedSection.all.map(\.path))
        #expect(Set(try config().leaves(below: "")) == known)
    }

    @Test(arguments: SettingsKey.all.map(\.path)) func `a misspelt name is rejected on every level`(path: String) throws
    {
        let found = try #require(try config().find(path.split(separator: ".")))
        #expect(found.isClosed, "\(path)")
    }

    @Test(arguments: SettingsKey.all.map(\.path)) func `the bounds of a number are those of F2S`(path: String) throws {
        let node = try #require(try config().find(path.split(separator: "."))).node
        guard let minimum = node.minimum, let maximum = node.maximum else { return }
        #expect(accepts(path, minimum) && accepts(path, maximum))
        #expect(!accepts(path, minimum - 1) && !accepts(path, maximum + 1))
    }

    private func accepts(_ path: String, _ value: Int) -> Bool {
        var lines: [String: Int] = [path: value]
        // A target is a part of a head, so its limit must not be larger.
        if path == "f2s.limits.head_bytes" { lines["f2s.limits.target_bytes"] = 64 }
        if path == "f2s.limits.target_bytes" { lines["f2s.limits.head_bytes"] = 1 << 20 }
        let limits = lines.filter { $0.key.hasPrefix("f2s.limits.") }.map { "\($0.key.dropFirst(11)): \($0.value)" }
        let inner = path.dropFirst("f2s.".count)
        let text =
            limits.isEmpty
            ? inner.split(separator: ".").reversed().reduce("\(value)") { "{\($1): \($0)}" }
            : "{limits: {\(limits.joined(separator: ", "))}}"
        return (try? SettingsReader().read(Array("f2s: \(text)".utf8))) != nil
    }
}
