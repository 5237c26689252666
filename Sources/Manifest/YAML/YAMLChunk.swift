/// The lines of one document. Documents are parsed separately, so that an error in one does not affect the others.
struct YAMLChunk {
    /// The lines.
    let bytes: ArraySlice<UInt8>
    /// The line of the text at which the document begins, from 1.
    let firstLine: Int

    /// Splits a text before each `---` and after each `...` at the beginning of a line. No YAML document can contain
    /// these (YAML 1.2.2 section 9.1.2). Lines without content stay with the lines after them, as directives must.
    static func all(of bytes: ArraySlice<UInt8>) -> [YAMLChunk] {
        var chunks: [YAMLChunk] = []
        var start = bytes.startIndex
        var firstLine = 1
        var hasContent = false
        var line = 1
        var index = bytes.startIndex

        func close(at end: Int, nextLine: Int) {
            if hasContent { chunks.append(YAMLChunk(bytes: bytes[start..<end], firstLine: firstLine)) }
            start = end
            firstLine = nextLine
            hasContent = false
        }

        while index < bytes.endIndex {
            let end = endOfLine(in: bytes, from: index)
            let text = bytes[index..<end]
            if isMarker(text, UInt8(ascii: "-")) {
                if hasContent { close(at: index, nextLine: line) }
                hasContent = holdsContent(text.dropFirst(3))
            } else if isMarker(text, UInt8(ascii: ".")) {
                close(at: end, nextLine: line + 1)
            } else if !hasContent {
                hasContent = text.first != UInt8(ascii: "%") && holdsContent(text)
            }
            index = end
            line += 1
        }
        close(at: bytes.endIndex, nextLine: line)
        return chunks
    }

    private static func endOfLine(in bytes: ArraySlice<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { return index }
            if byte == UInt8(ascii: "\r") {
                return index < bytes.endIndex && bytes[index] == UInt8(ascii: "\n") ? index + 1 : index
            }
        }
        return index
    }

    private static func isMarker(_ line: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        line.count >= 3 && line.prefix(3).allSatisfy { $0 == byte } && line.dropFirst(3).first.map(isBlank) ?? true
    }

    private static func holdsContent(_ line: ArraySlice<UInt8>) -> Bool {
        line.first { !isBlank($0) }.map { $0 != UInt8(ascii: "#") } ?? false
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\n")
    }
}

extension YAMLPosition {
    /// Creates the position of a byte in a text.
    init(of index: Int, in bytes: ArraySlice<UInt8>) {
        var line = 1
        var column = 1
        for at in bytes.startIndex..<min(index, bytes.endIndex) {
            let byte = bytes[at]
            let next = at + 1 < bytes.endIndex ? bytes[at + 1] : 0
            if byte == UInt8(ascii: "\n") || (byte == UInt8(ascii: "\r") && next != UInt8(ascii: "\n")) {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                // Continuation bytes of a UTF-8 character do not begin a column.
                column += 1
            }
        }
        self.init(line: line, column: column)
    }
}
