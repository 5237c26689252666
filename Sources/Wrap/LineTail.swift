/// The last lines of a text of any length, with bounds on lines and bytes.
struct LineTail: Sendable {
    /// The maximum number of lines.
    static let linesMax = 20
    /// The maximum number of bytes.
    static let bytesMax = 16 * 1024

    private var bytes: [UInt8] = []

    /// Creates an empty tail.
    init() {}

    /// Appends text.
    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more.suffix(Self.bytesMax))
        // The tail is trimmed only at twice the bound, so that many small writes do not copy it each time.
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
