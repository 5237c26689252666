import F2SManifest
import F2SModel

/// Replaces references in settings by their values, so that secrets need not stand in the file itself: `${env:NAME}` is
/// the value of a variable, and `{file: PATH}` is the content of a file.
struct SettingsReferences {
    /// The stamps of the files that were referred to, whose changes change the settings; `nil` for a file that does not
    /// exist. A stamp is taken before its file is read, so that no change is missed.
    private(set) var stamps: [String: SettingsFileStamp?] = [:]

    private let environment: [String: String]
    private let readFile: (String) throws(FileFailure) -> String

    /// The reason for which a file cannot be read.
    struct FileFailure: Error {
        let text: String
    }

    init(environment: [String: String], readFile: @escaping (String) throws(FileFailure) -> String) {
        self.environment = environment
        self.readFile = readFile
    }

    /// Returns a value with every reference in it replaced.
    /// - Throws: An error if a variable is not set, or if a file cannot be read.
    mutating func resolved(_ cursor: YAMLCursor) throws(YAMLError) -> YAMLNode {
        switch cursor.node.content {
        case .scalar(let text, _):
            guard text.contains("${env:") else { return cursor.node }
            guard let name = Self.variable(in: text) else {
                throw cursor.error("be one reference such as ${env:NAME}, without further text")
            }
            guard let value = environment[name] else {
                throw cursor.error("refer to a variable that is set: F2S has no variable \(name)")
            }
            return Self.scalar(value, at: cursor.node.position)
        case .list:
            var elements: [YAMLNode] = []
            for element in try cursor.list(example: "[]") { elements.append(try resolved(element)) }
            return YAMLNode(.list(elements), at: cursor.node.position)
        case .map(let members):
            let map = try cursor.map()
            if members.count == 1, members[0].key == "file", let file = map["file"] {
                return Self.scalar(try content(of: file), at: cursor.node.position)
            }
            var resolvedMembers: [YAMLNode.Member] = []
            for member in members {
                resolvedMembers.append(
                    YAMLNode.Member(
                        key: member.key, position: member.position, value: try resolved(map.cursor(of: member))))
            }
            return YAMLNode(.map(resolvedMembers), at: cursor.node.position)
        }
    }

    /// Returns the content of a file that the settings refer to.
    /// - Throws: The reason for which it cannot be read.
    mutating func content(ofFile path: String) throws(FileFailure) -> String {
        stamps.updateValue(SettingsFileStamp(path), forKey: path)
        return try readFile(path)
    }

    private mutating func content(of file: YAMLCursor) throws(YAMLError) -> String {
        let path = try file.text()
        guard path.hasPrefix("/") else { throw file.error("be the path of a file, from the root folder on") }
        do {
            // Editors and `echo` end a file with a newline.
            return String(try content(ofFile: path).reversed().drop { $0.isNewline }.reversed())
        } catch {
            throw file.error("be a file that F2S can read: \(error.text)")
        }
    }

    /// Returns the name in `${env:NAME}`; `nil` for every other text.
    private static func variable(in text: String) -> String? {
        guard text.hasPrefix("${env:"), text.hasSuffix("}") else { return nil }
        let name = text.dropFirst(6).dropLast()
        return name.contains("}") ? nil : String(name)
    }

    /// Returns a value that may be read as a number or a flag, but is never null. Errors do not repeat it.
    private static func scalar(_ text: String, at position: YAMLPosition?) -> YAMLNode {
        let plain = YAMLNode(.scalar(text, isPlain: true), at: position, isSecret: true)
        return plain.isNull ? YAMLNode(.scalar(text, isPlain: false), at: position, isSecret: true) : plain
    }
}
