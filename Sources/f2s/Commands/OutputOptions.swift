import ArgumentParser
import F2SClient
import F2SManifest
import FoundationEssentials

/// The option `-o` of every command that prints data.
struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: "table, json or yaml.")
    var form = OutputForm.table

    /// Writes a JSON document as JSON or YAML.
    /// - Throws: ``CommandFailure`` when standard output is closed.
    func write(document json: [UInt8]) throws {
        guard let document = DocumentText(json: json) else {
            // The document is too large for formatting. It is written as it is; JSON is valid YAML.
            return try Terminal.write(String(decoding: json, as: UTF8.self).endingLine)
        }
        try Terminal.write(form == .yaml ? document.yaml : document.json)
    }

    /// Writes one item of a sequence: a JSON object on one line, or a YAML document.
    /// - Throws: ``CommandFailure`` when standard output is closed.
    func write(item: some Encodable) throws {
        let json = try Self.encode(item)
        guard form == .yaml, let document = DocumentText(json: json) else {
            return try Terminal.write(String(decoding: json, as: UTF8.self).endingLine)
        }
        try Terminal.write("---\n" + document.yaml)
    }

    /// Encodes a value as JSON on one line, in the form of the API.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}

/// A value of the option `-o`.
enum OutputForm: String, ExpressibleByArgument, CaseIterable {
    /// A table for people.
    case table
    /// JSON for programs.
    case json
    /// YAML for files.
    case yaml
}

extension String {
    /// The text with a trailing line end.
    var endingLine: String { hasSuffix("\n") ? self : self + "\n" }
}
