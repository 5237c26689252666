import AsyncHTTPClient
import NIOCore

/// The log lines of a container. They are fetched only as fast as they are read: a slow reader slows the API server
/// down, and lines do not accumulate in memory.
struct PodLog: AsyncSequence, Sendable {
    /// A line without its line end.
    typealias Element = String
    /// The error of a log that ended too early.
    typealias Failure = KubernetesError

    private let body: HTTPClientResponse.Body
    private let transport: APITransport

    init(_ body: HTTPClientResponse.Body, transport: APITransport) {
        self.body = body
        self.transport = transport
    }

    /// Returns an iterator. The sequence may be iterated only once.
    func makeAsyncIterator() -> Iterator { Iterator(chunks: body.makeAsyncIterator(), transport: transport) }

    /// An iterator over the lines.
    struct Iterator: AsyncIteratorProtocol {
        typealias Element = String
        typealias Failure = KubernetesError

        fileprivate var chunks: HTTPClientResponse.Body.AsyncIterator
        fileprivate let transport: APITransport
        private var cutter = LogLines()
        private var ready: ArraySlice<String> = []
        private var isAtEnd = false

        fileprivate init(chunks: HTTPClientResponse.Body.AsyncIterator, transport: APITransport) {
            self.chunks = chunks
            self.transport = transport
        }

        mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(KubernetesError) -> String? {
            while true {
                if let line = ready.popFirst() { return line }
                if isAtEnd { return nil }
                if let chunk = try await transport.next(&chunks) {
                    ready = cutter.lines(adding: chunk.readableBytesView)[...]
                } else {
                    isAtEnd = true
                    if let line = cutter.last() { return line }
                }
            }
        }

        mutating func next() async throws(KubernetesError) -> String? { try await next(isolation: #isolation) }
    }
}

/// Splits bytes into lines of text.
struct LogLines: Sendable {
    /// The longest line, in bytes. The rest of a longer line becomes a line of its own.
    static let bytesMax = 16 << 10

    private var rest: [UInt8] = []

    /// Adds bytes and returns the lines that are complete now, without their line ends. Bytes that are not UTF-8 become
    /// U+FFFD.
    mutating func lines(adding bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(cut())
            } else {
                if rest.count == Self.bytesMax { lines.append(cut()) }
                rest.append(byte)
            }
        }
        return lines
    }

    /// Returns the text after the last line end, once no more bytes arrive; `nil` if there is none.
    mutating func last() -> String? { rest.isEmpty ? nil : cut() }

    private mutating func cut() -> String {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}
