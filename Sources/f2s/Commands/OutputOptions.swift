import ArgumentParser
import F2SClient
import F2SManifest
import FoundationEssentials

/// `-o`, of every command that prints data.
struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: "table, json or yaml.")
    var form = OutputForm.table

    /// Writes a JSON document in the form that was asked for, which is not the table.
    /// - Throws: ``CommandFailure`` when nobody reads any more.
    func write(document json: [UInt8]) throws {
        guard let document = DocumentText(json: json) else {
            // Too large to be laid out: it is JSON all the same, and JSON is YAML.
            return try Terminal.write(String(decoding: json, as: UTF8.self).endingLine)
        }
        try Terminal.write(form == .yaml ? document.yaml : document.json)
    }

    /// Writes one of many: a JSON object on a line of its own, or a YAML document.
    /// - Throws: ``CommandFailure`` when nobody reads any more.
    func write(item: some Encodable) throws {
        let json = try Self.encode(item)
        guard form == .yaml, let document = DocumentText(json: json) else {
            return try Terminal.write(String(decoding: json, as: UTF8.self).endingLine)
        }
        try Terminal.write("---\n" + document.yaml)
    }

    /// A value as JSON on one line, as the API writes it.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}

/// What `-o` may be.
enum OutputForm: String, ExpressibleByArgument, CaseIterable {
    /// Columns for people.
    case table
    /// For programs.
    case json
    /// For files.
    case yaml
}

extension String {
    /// With a line end at the end, as documents on a terminal have it.
    var endingLine: String { hasSuffix("\n") ? self : self + "\n" }
}
