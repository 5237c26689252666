/// A response, parsed by a minimal reader that is independent of the codec.
struct Answer: Sendable {
    let status: Int
    let head: String
    let body: String
    /// The framing that determined the end of the content.
    let framing: Framing

    enum Framing: Equatable { case none, length, chunked, close }

    /// The first value of a field.
    func field(_ name: String) -> String? { fields(name).first }

    func fields(_ name: String) -> [String] {
        head.split(separator: "\r\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            let value = parts[1].drop { $0 == " " || $0 == "\t" }
            return String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
    }

    static func parse(_ bytes: [UInt8], isClosed: Bool, isToHead: Bool) throws -> (found: Answer, count: Int)? {
        guard let headEnd = find(Array("\r\n\r\n".utf8), in: bytes, from: 0).map({ $0 + 4 }) else { return nil }
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 "), let status = Int(head.dropFirst(9).prefix(3)) else {
            throw Late(description: "not a response: \(head.prefix(200).debugDescription)")
        }
        func made(_ body: some Sequence<UInt8>, _ framing: Framing, _ count: Int) -> (found: Answer, count: Int) {
            (
                Answer(
                    status: status, head: head, body: String(decoding: Array(body), as: UTF8.self), framing: framing),
                count
            )
        }
        let probe = Answer(status: status, head: head, body: "", framing: .none)
        if isToHead || status < 200 || status == 204 || status == 304 { return made([], .none, headEnd) }
        if probe.field("transfer-encoding")?.lowercased() == "chunked" {
            return chunks(bytes, headEnd).map { made($0.content, .chunked, $0.end) }
        }
        if let length = probe.field("content-length").flatMap(Int.init) {
            guard bytes.count >= headEnd + length else { return nil }
            return made(bytes[headEnd..<(headEnd + length)], .length, headEnd + length)
        }
        return isClosed ? made(bytes[headEnd...], .close, bytes.count) : nil
    }

    private static func chunks(_ bytes: [UInt8], _ start: Int) -> (content: [UInt8], end: Int)? {
        var content: [UInt8] = []
        var index = start
        while let lineEnd = find(Array("\r\n".utf8), in: bytes, from: index) {
            let line = String(decoding: bytes[index..<lineEnd], as: UTF8.self)
            guard let size = line.split(separator: ";").first.flatMap({ Int($0, radix: 16) }) else { return nil }
            if size == 0 {
                // Trailers follow up to an empty line.
                return find(Array("\r\n\r\n".utf8), in: bytes, from: lineEnd).map { (content, $0 + 4) }
            }
            guard bytes.count >= lineEnd + 2 + size + 2 else { return nil }
            content += bytes[(lineEnd + 2)..<(lineEnd + 2 + size)]
            index = lineEnd + 2 + size + 2
        }
        return nil
    }

    static func find(_ wanted: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard from + wanted.count <= bytes.count else { return nil }
        for index in from...(bytes.count - wanted.count) where bytes[index] == wanted[0] {
            if bytes[index..<(index + wanted.count)].elementsEqual(wanted) { return index }
        }
        return nil
    }
}
