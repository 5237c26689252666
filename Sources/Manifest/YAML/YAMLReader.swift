/// Reads YAML, and therefore also JSON, into plain nodes with positions.
///
/// Harmful input is rejected: texts that are too long, not UTF-8, or contain control characters; anchors, aliases and
/// tags; too many values, or values that are nested too deep.
public struct YAMLReader: Sendable {
    /// The limits of the text.
    public let limits: ManifestLimits

    /// Creates a reader.
    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// Returns all documents that are not empty, in order. An invalid document does not affect the others.
    /// - Throws: ``YAMLError`` if the text as a whole is rejected.
    public func documents(_ bytes: [UInt8]) throws(YAMLError) -> [Result<YAMLNode, YAMLError>] {
        let text = try checked(bytes)
        let chunks = YAMLChunk.all(of: text)
        guard chunks.count <= limits.documentsMax else {
            throw YAMLError(
                "The text has \(chunks.count) documents: at most \(limits.documentsMax) are read. Split it.",
                at: YAMLPosition(line: chunks[limits.documentsMax].firstLine, column: 1))
        }
        return chunks.compactMap { chunk -> Result<YAMLNode, YAMLError>? in
            do throws(YAMLError) {
                return try root(of: chunk).map { .success($0) }
            } catch {
                return .failure(error)
            }
        }
    }

    /// Returns the text without its byte order mark.
    /// - Throws: ``YAMLError`` if the text cannot be read.
    private func checked(_ bytes: [UInt8]) throws(YAMLError) -> ArraySlice<UInt8> {
        guard bytes.count <= limits.bytesMax else {
            throw YAMLError(
                "The text has \(bytes.count) bytes: at most \(limits.bytesMax) are read. Split it.", at: nil)
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: byteOrderMark) ? bytes[3...] : bytes[...]
        if let control = text.firstIndex(where: Self.isControl) {
            throw YAMLError(
                "The text contains the control byte \(text[control]), which YAML forbids. Use plain text in UTF-8.",
                at: YAMLPosition(of: control, in: text))
        }
        try boundValues(text)
        do {
            _ = try UTF8Span(validating: text.span)
        } catch {
            throw YAMLError(
                "The text is not UTF-8. Store it in UTF-8.",
                at: YAMLPosition(of: text.startIndex + error.byteOffsets.lowerBound, in: text))
        }
        return text
    }

    /// Counts the values by the characters that separate them, before any value is parsed. Small values cost a hundred
    /// times their bytes, and within unclosed brackets each value costs time for every bracket.
    private func boundValues(_ text: ArraySlice<UInt8>) throws(YAMLError) {
        var count = 0
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                count += 1
            case UInt8(ascii: "-") where text[(index + 1)...].first == UInt8(ascii: " "): count += 1
            default: continue
            }
            guard count <= limits.valuesMax else {
                throw YAMLError(
                    "The text has over \(limits.valuesMax) values, which is the limit. Split it.",
                    at: YAMLPosition(of: index, in: text))
            }
        }
    }

    /// Returns the value of one document; `nil` if it is empty.
    private func root(of chunk: YAMLChunk) throws(YAMLError) -> YAMLNode? {
        try YAMLTree(firstLine: chunk.firstLine, depthMax: limits.depthMax)
            .root(of: SurrogatePairs.joined(in: chunk.bytes))
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != UInt8(ascii: "\t") && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
            || byte == 0x7F
    }
}
