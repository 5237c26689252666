/// Reads YAML, and so JSON, into plain nodes that know where they stand.
///
/// What could harm is refused: texts that are too long, not UTF-8, or hold control characters; anchors, aliases
/// and tags; values that are too many or too deep.
public struct YAMLReader: Sendable {
    /// Bounds of the text.
    public let limits: ManifestLimits

    /// A reader.
    public init(limits: ManifestLimits = ManifestLimits()) { self.limits = limits }

    /// Every document that is not empty, in order. A broken one does not harm the others.
    /// - Throws: ``YAMLComplaint`` when the text as a whole is refused.
    public func documents(_ bytes: [UInt8]) throws(YAMLComplaint) -> [Result<YAMLNode, YAMLComplaint>] {
        let text = try checked(bytes)
        let chunks = YAMLChunk.all(of: text)
        guard chunks.count <= limits.documentsMax else {
            throw YAMLComplaint(
                "The text has \(chunks.count) documents: at most \(limits.documentsMax) are read. Split it.",
                at: YAMLPosition(line: chunks[limits.documentsMax].firstLine, column: 1))
        }
        return chunks.compactMap { chunk -> Result<YAMLNode, YAMLComplaint>? in
            do throws(YAMLComplaint) {
                return try root(of: chunk).map { .success($0) }
            } catch {
                return .failure(error)
            }
        }
    }

    /// The text without its byte order mark, if it can be read at all.
    private func checked(_ bytes: [UInt8]) throws(YAMLComplaint) -> ArraySlice<UInt8> {
        guard bytes.count <= limits.bytesMax else {
            throw YAMLComplaint(
                "The text has \(bytes.count) bytes: at most \(limits.bytesMax) are read. Split it.", at: nil)
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: byteOrderMark) ? bytes[3...] : bytes[...]
        if let control = text.firstIndex(where: Self.isControl) {
            throw YAMLComplaint(
                "The text holds the control byte \(text[control]): YAML may not. It must be plain text in UTF-8.",
                at: YAMLPosition(of: control, in: text))
        }
        try boundValues(text)
        do {
            _ = try UTF8Span(validating: text.span)
        } catch {
            throw YAMLComplaint(
                "The text is not UTF-8. Store it in UTF-8.",
                at: YAMLPosition(of: text.startIndex + error.byteOffsets.lowerBound, in: text))
        }
        return text
    }

    /// Values are counted by what ends them, before any is parsed: little ones cost a hundred times their bytes, and in
    /// brackets that stay open each costs time for every bracket.
    private func boundValues(_ text: ArraySlice<UInt8>) throws(YAMLComplaint) {
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
                throw YAMLComplaint(
                    "The text has over \(limits.valuesMax) values: at most that is read. Split it.",
                    at: YAMLPosition(of: index, in: text))
            }
        }
    }

    /// The value of one document; `nil` when it is empty.
    private func root(of chunk: YAMLChunk) throws(YAMLComplaint) -> YAMLNode? {
        try YAMLTree(firstLine: chunk.firstLine, depthMax: limits.depthMax)
            .root(of: SurrogatePairs.joined(in: chunk.bytes))
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != UInt8(ascii: "\t") && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
            || byte == 0x7F
    }
}
