import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// The client's side of one invocation: exactly one head, then a body.
///
/// Hummingbird's writers are not `Sendable` and its methods leave the caller's actor, so all that handles a reply does
/// too.
struct Reply: ~Copyable {
    private var writer: ResponseWriter?
    private var body: (any ResponseBodyWriter)?
    private let contentType: String
    /// Whether no other request can follow on the connection.
    private let isLast: Bool

    private var droppedBytes = 0

    /// Whether the request's method is HEAD: the answer then has no body (RFC 9110 section 9.3.2).
    let isBodyless: Bool

    /// A reply of which nothing is written.
    init(_ writer: consuming ResponseWriter, isBodyless: Bool, contentType: String, isLast: Bool = false) {
        self.writer = consume writer
        self.isLast = isLast
        self.isBodyless = isBodyless
        self.contentType = contentType
    }

    /// Whether the head is out.
    var isCommitted: Bool { writer == nil }

    /// Tells a client that waits for it (`Expect: 100-continue`) to send its body.
    @concurrent mutating func invite() async throws {
        guard let writer = writer.take() else { return }
        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        self.writer = consume writer
    }

    /// Commits to status 200; the body follows by ``write(_:)``.
    @concurrent mutating func begin(isClosing: Bool) async throws {
        guard let writer = writer.take() else { return }
        body = try await writer.writeHead(head(status: 200, type: contentType, isClosing: isClosing))
    }

    /// Writes a part of the body; waits while the client is slower.
    @concurrent mutating func write(_ part: ByteBuffer) async throws { try await body?.write(part) }

    /// Notes a part of the body that a bodyless answer only tells the length of.
    mutating func drop(bytes: Int) { droppedBytes += bytes }

    /// Ends a body that was begun.
    @concurrent mutating func finish() async throws {
        guard let body else { return }
        self.body = nil
        try await body.finish(nil)
    }

    /// Answers with what the command has written. Nothing happens when a head is out.
    @concurrent mutating func send(output: ByteBuffer, isClosing: Bool) async throws {
        try await send(
            output, status: 200, type: contentType, length: output.readableBytes + droppedBytes, isClosing: isClosing)
    }

    /// Answers with a problem document. Nothing happens when a head is out.
    @concurrent mutating func send(_ problem: WrapProblem, isClosing: Bool) async throws {
        let document = ByteBuffer(bytes: problem.json)
        try await send(
            document, status: problem.status, type: WrapProblem.mediaType, length: document.readableBytes,
            isClosing: isClosing)
    }

    @concurrent private mutating func send(
        _ content: ByteBuffer, status: Int, type: String, length: Int, isClosing: Bool
    ) async throws {
        guard let writer = writer.take() else { return }
        var head = head(status: status, type: type, isClosing: isClosing)
        // Always given: without it the encoder would end even an answer to HEAD with an empty chunk.
        head.headerFields[.contentLength] = "\(length)"
        if isBodyless {
            try await writer.writeResponse(head)
        } else {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: content))
        }
    }

    private func head(status: Int, type: String, isClosing: Bool) -> HTTPResponse {
        var fields: HTTPFields = [.contentType: type]
        if isClosing || isLast { fields[.connection] = "close" }
        return HTTPResponse(status: HTTPResponse.Status(code: status), headerFields: fields)
    }
}
