/// Finds the end of one message's content.
struct BodyReader {
    private var framing: Framing
    private var remaining = 0
    private var chunks = ChunkScanner()
    /// Bytes of content read so far, without the framing of chunks.
    private(set) var contentBytes = 0

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

    /// True if the length of the content is known in advance.
    var hasLength: Bool {
        switch framing {
        case .none, .length: true
        case .chunked, .untilClose: false
        }
    }

    /// Reads the bytes that belong to this content.
    /// - Parameters:
    ///   - content: Called with each run of content in the bytes, without its framing.
    ///   - dropped: Called with each run of framing that is not passed on.
    /// - Returns: The number of bytes that belong to the content.
    mutating func consume(
        _ bytes: Span<UInt8>, content: (ByteRange) -> Void = { _ in }, dropped: (ByteRange) -> Void = { _ in }
    ) throws(ChunkScanner.Failure) -> Int {
        let count: Int
        switch framing {
        case .none: count = 0
        case .length:
            count = min(remaining, bytes.count)
            remaining -= count
            contentBytes &+= count
            content(ByteRange(0, count))
        case .chunked:
            var length = 0
            count = try chunks.scan(
                bytes, from: 0,
                content: { run in
                    length &+= run.count
                    content(run)
                }, dropped: dropped)
            contentBytes &+= length
        case .untilClose:
            count = bytes.count
            contentBytes &+= count
            content(ByteRange(0, count))
        }
        return count
    }

    /// Returns the length of the content, framing included, or `nil` if it is not complete. Consumes nothing. Reads at
    /// most `bytesMax` bytes, because it is called again whenever a few more bytes have arrived.
    func completeLength(in bytes: Span<UInt8>, bytesMax: Int) -> Int? {
        if case .length = framing { return remaining <= min(bytesMax, bytes.count) ? remaining : nil }
        var probe = self
        let start = bytes.extracting(first: bytesMax)
        guard let count = try? probe.consume(start), probe.isDone else { return nil }
        return count
    }
}
