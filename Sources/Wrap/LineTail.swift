/// The end of a text that may be endless: at most so many lines and bytes of it.
struct LineTail: Sendable {
    /// Lines that are kept.
    static let linesMax = 20
    /// Bytes that are kept.
    static let bytesMax = 16 * 1024

    private var bytes: [UInt8] = []

    /// Nothing yet.
    init() {}

    /// Adds what was written next.
    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more.suffix(Self.bytesMax))
        // Twice the bound before anything moves, so that many small writes do not copy the tail each time.
        if bytes.count > 2 * Self.bytesMax { bytes.removeFirst(bytes.count - Self.bytesMax) }
    }

    /// The last lines, oldest first, without line ends and without empty ones at the end. Bytes that are not UTF-8 are
    /// replaced by U+FFFD.
    var lines: [String] {
        let kept = String(decoding: bytes.suffix(Self.bytesMax), as: UTF8.self)
        var lines = kept.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.suffix(Self.linesMax)
    }
}
