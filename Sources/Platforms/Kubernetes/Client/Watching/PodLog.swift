import AsyncHTTPClient
import F2SModel
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
        private var splitter = LineSplitter()
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
                    ready = splitter.lines(adding: chunk.readableBytesUInt8Span)[...]
                } else {
                    isAtEnd = true
                    if let line = splitter.last() { return line }
                }
            }
        }

        mutating func next() async throws(KubernetesError) -> String? { try await next(isolation: #isolation) }
    }
}
