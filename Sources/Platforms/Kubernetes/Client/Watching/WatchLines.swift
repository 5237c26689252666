/// Converts the bytes of a watch into events: one JSON document per line. Buffers at most one incomplete line.
///
/// `LineSplitter` of the model does not serve here: a line that is too long ends the watch instead of being split, and
/// the bytes of a line are decoded without a `String` of them.
struct WatchLines<Item: Decodable & Sendable>: Sendable {
    /// The error that ended the watch; `nil` if there was none. All events before the error have been returned.
    private(set) var end: KubernetesError?

    private let lineBytesMax: Int
    private var rest: [UInt8] = []

    init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    /// Adds bytes and returns the events that are complete now.
    mutating func events(adding bytes: some Collection<UInt8>) -> [WatchEvent<Item>] {
        guard end == nil else { return [] }
        var events: [WatchEvent<Item>] = []
        var remaining = bytes[...]
        while let lineEnd = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            let line = remaining[..<lineEnd]
            remaining = remaining[remaining.index(after: lineEnd)...]
            rest += line
            defer { rest.removeAll(keepingCapacity: rest.capacity <= 64 << 10) }
            do throws(KubernetesError) {
                if let event = try event(of: rest) { events.append(event) }
            } catch {
                end = error
                return events
            }
        }
        rest += remaining
        if rest.count > lineBytesMax {
            rest = []
            end = .malformed("a line of a watch has over \(lineBytesMax) bytes")
        }
        return events
    }

    private func event(of line: [UInt8]) throws(KubernetesError) -> WatchEvent<Item>? {
        guard line.contains(where: { $0 > 0x20 }) else { return nil }
        guard line.count <= lineBytesMax else {
            throw .malformed("a line of a watch has over \(lineBytesMax) bytes")
        }
        let parsed: WatchLine<Item>
        do {
            parsed = try ResponseDecoder.decode(line)
        } catch {
            throw .malformed("a line of a watch: \(ResponseDecoder.describe(error))")
        }
        switch parsed {
        case .event(let event): return event
        case .error(let status):
            throw .status(
                code: status.code ?? 500, reason: status.reason ?? "", message: status.message ?? "",
                retryAfter: status.details?.retryAfterSeconds.map { .seconds(max(0, min($0, 3600))) })
        }
    }
}

/// One line of a watch. The type of `object` depends on the value of `type`.
private enum WatchLine<Item: Decodable & Sendable>: Decodable {
    case event(WatchEvent<Item>)
    case error(Status)

    private enum Key: String, CodingKey {
        case type, object
    }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: Key.self)
        let type = try line.decode(String.self, forKey: .type)
        if type == "ERROR" {
            self = .error(try line.decode(Status.self, forKey: .object))
            return
        }
        guard let version = try line.decode(ObjectHead.self, forKey: .object).metadata?.resourceVersion else {
            throw DecodingError.dataCorruptedError(
                forKey: Key.object, in: line, debugDescription: "no metadata.resourceVersion")
        }
        if type == "BOOKMARK" {
            self = .event(.bookmark(at: version))
            return
        }
        switch (type, try line.decode(Readable<Item>.self, forKey: .object)) {
        case ("ADDED", .item(let item)): self = .event(.added(item, at: version))
        case ("MODIFIED", .item(let item)): self = .event(.modified(item, at: version))
        case ("DELETED", .item(let item)): self = .event(.deleted(item, at: version))
        case ("ADDED", .unreadable(let why)), ("MODIFIED", .unreadable(let why)):
            self = .event(.unreadable(why, at: version))
        case (_, .unreadable(let why)):
            // The deleted object cannot be identified. A list shows the objects that are left.
            throw DecodingError.dataCorruptedError(forKey: Key.object, in: line, debugDescription: why)
        default:
            throw DecodingError.dataCorruptedError(
                forKey: Key.type, in: line, debugDescription: "\(type.prefix(40)) is not a type of event")
        }
    }
}
