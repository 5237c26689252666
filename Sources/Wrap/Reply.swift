import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// The response to one invocation: exactly one head, then a body.
///
/// Hummingbird's writers are not `Sendable` and their methods leave the caller's actor. Therefore all functions that
/// use a reply leave it, too.
struct Reply: ~Copyable {
    private var writer: ResponseWriter?
    private var body: (any ResponseBodyWriter)?
    private let contentType: String
    /// True if no other request can follow on the connection.
    private let isLast: Bool

    private var droppedBytes = 0

    /// True if the request's method is HEAD. Then the response has no body (RFC 9110 section 9.3.2).
    let isBodyless: Bool

    /// Creates a reply of which nothing has been written.
    init(_ writer: consuming ResponseWriter, isBodyless: Bool, contentType: String, isLast: Bool = false) {
        self.writer = consume writer
        self.isLast = isLast
        self.isBodyless = isBodyless
        self.contentType = contentType
    }

    /// True if the head has been written.
    var isCommitted: Bool { writer == nil }

    /// Sends the status 100, for which a client waits that has sent `Expect: 100-continue`.
    @concurrent mutating func invite() async throws {
        guard let writer = writer.take() else { return }
        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        self.writer = consume writer
    }

    /// Writes a head with status 200. ``write(_:)`` writes the body.
    @concurrent mutating func begin(isClosing: Bool) async throws {
        guard let writer = writer.take() else { return }
        body = try await writer.writeHead(head(status: 200, type: contentType, isClosing: isClosing))
    }

    /// Writes a part of the body. Waits if the client reads slowly.
    @concurrent mutating func write(_ part: ByteBuffer) async throws { try await body?.write(part) }

    /// Adds to the content length of a response without a body.
    mutating func drop(bytes: Int) { droppedBytes += bytes }

    /// Ends the body if it was begun.
    @concurrent mutating func finish() async throws {
        guard let body else { return }
        self.body = nil
        try await body.finish(nil)
    }

    /// Sends the output of the command as the response. Has no effect once a head has been written.
    @concurrent mutating func send(output: ByteBuffer, isClosing: Bool) async throws {
        try await send(
            output, status: 200, type: contentType, length: output.readableBytes + droppedBytes, isClosing: isClosing)
    }

    /// Sends a problem document as the response. Has no effect once a head has been written.
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
        // The length is always given. Without it, the encoder would end even a response to HEAD with an empty chunk.
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
