import NIOCore

/// Finds the end of one message's content.
struct BodyReader {
    private var framing: Framing
    private var remaining = 0
    private var chunks = ChunkScanner()
    /// Bytes taken so far, the framing of chunks included.
    private(set) var consumed = 0

    init(_ framing: Framing = .none) {
        self.framing = framing
        if case .length(let length) = framing { remaining = length }
    }

    var isDone: Bool {
        switch framing {
        case .none: true
        case .length: remaining == 0
        case .chunked: chunks.isDone
        case .untilClose: false
        }
    }

    /// How many of the readable bytes belong to this content.
    /// - Parameter content: told about each run of content within the bytes, without its framing.
    mutating func consume(
        _ bytes: ByteBuffer, content: (ByteRange) -> Void = { _ in }
    ) throws(ChunkScanner.Failure) -> Int {
        let count: Int
        switch framing {
        case .none: count = 0
        case .length:
            count = min(remaining, bytes.readableBytes)
            remaining -= count
            content(ByteRange(0, count))
        case .chunked: count = try chunks.scan(bytes.readableBytesUInt8Span, from: 0, content: content)
        case .untilClose:
            count = bytes.readableBytes
            content(ByteRange(0, count))
        }
        consumed &+= count
        return count
    }

    /// The length of the content, framing included, if all of it is there; nothing is consumed.
    func completeLength(in bytes: ByteBuffer) -> Int? {
        var probe = self
        guard let count = try? probe.consume(bytes), probe.isDone else { return nil }
        return count
    }
}
