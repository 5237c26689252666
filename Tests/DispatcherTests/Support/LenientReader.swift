/// A lenient HTTP reader as some servers have: it accepts bytes that the standard clearly forbids. The bytes that reach
/// a replica must contain the same requests for each of these readers.
struct LenientReader: Sendable {
    let name: String
    /// True if `Content-Length` prevails over `Transfer-Encoding` when a head has both.
    var prefersLength = false
    /// True if the last one of several lengths counts.
    var takesLastLength = false
    /// True if a bare line feed also ends a line.
    var takesBareLineFeeds = false
    /// True if a bare carriage return also ends a line.
    var takesBareReturns = false
    /// True if an underscore in a name equals a dash, as in programs that read fields as environment variables.
    var takesUnderscores = false
    /// True if every `Transfer-Encoding` that contains `chunked` is read as chunked.
    var takesAnyChunked = false

    static let all = [
        LenientReader(name: "standard"), LenientReader(name: "length first", prefersLength: true),
        LenientReader(name: "last length", prefersLength: true, takesLastLength: true),
        LenientReader(name: "anything chunked", takesAnyChunked: true),
        LenientReader(name: "bare line feeds", takesBareLineFeeds: true, takesAnyChunked: true),
        LenientReader(name: "bare returns", takesBareReturns: true, takesAnyChunked: true),
        LenientReader(name: "underscores", takesUnderscores: true, takesAnyChunked: true),
        LenientReader(name: "underscores, length first", prefersLength: true, takesUnderscores: true),
    ]

    /// Returns the request lines that this reader finds.
    func requestLines(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var position = 0
        while let first = line(bytes, &position) {
            guard !first.isEmpty else { continue }
            lines.append(first)
            var fields: [(name: String, value: String)] = []
            while let next = line(bytes, &position), !next.isEmpty {
                if next.hasPrefix(" ") || next.hasPrefix("\t"), let last = fields.popLast() {
                    fields.append((last.name, last.value + next))
                    continue
                }
                let parts = next.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let name = parts[0].filter { $0 > " " && $0 != "\u{7f}" }.lowercased()
                fields.append(
                    (
                        takesUnderscores ? name.replacing("_", with: "-") : name,
                        parts.count > 1 ? String(parts[1]).lowercased() : ""
                    ))
            }
            skipContent(fields, bytes, &position)
        }
        return lines
    }

    private func skipContent(_ fields: [(name: String, value: String)], _ bytes: [UInt8], _ position: inout Int) {
        let lengths = fields.filter { $0.name == "content-length" }
            .map { number($0.value, radix: 10) }
        let length = takesLastLength ? lengths.last : lengths.first
        let isChunked = fields.contains { field in
            field.name == "transfer-encoding"
                && (takesAnyChunked ? field.value.contains("chunked") : field.value.filter { $0 > " " } == "chunked")
        }
        if isChunked, !(prefersLength && length != nil) {
            skipChunks(bytes, &position)
        } else {
            position = min(bytes.count, position + (length ?? 0))
        }
    }

    private func skipChunks(_ bytes: [UInt8], _ position: inout Int) {
        while let text = line(bytes, &position) {
            let size = number(text, radix: 16)
            if size == 0 { break }
            position = min(bytes.count, position + size)
            _ = line(bytes, &position)
        }
        while let trailer = line(bytes, &position), !trailer.isEmpty {}
    }

    /// Returns the value of the first digits and ignores the characters before them.
    private func number(_ text: String, radix: Int) -> Int {
        let digits = text.drop { !$0.isHexDigit }.prefix { $0.isHexDigit && Int(String($0), radix: radix) != nil }
        return Int(digits, radix: radix) ?? (digits.isEmpty ? 0 : .max / 2)
    }

    /// Returns the next line without its end, or `nil` if there is no complete line.
    private func line(_ bytes: [UInt8], _ position: inout Int) -> String? {
        var index = position
        while index < bytes.count {
            let isPair = bytes[index] == 13 && index + 1 < bytes.count && bytes[index + 1] == 10
            if isPair || bytes[index] == 10 && takesBareLineFeeds || bytes[index] == 13 && takesBareReturns {
                let text = String(decoding: bytes[position..<index], as: UTF8.self)
                position = index + (isPair ? 2 : 1)
                return text
            }
            index += 1
        }
        return nil
    }
}
