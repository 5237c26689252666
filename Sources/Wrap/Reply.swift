import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// The client's side of one invocation: exactly one head, then a body.
///
/// Hummingbird's writers are not `Sendable` and its methods leave the caller's actor, so all that handles a reply does too.
struct Reply: ~Copyable {
    private var writer: ResponseWriter?
    private var body: (any ResponseBodyWriter)?
    private let contentType: String

    /// Whether the request's method is HEAD: the answer then has no body (RFC 9110 section 9.3.2).
    let isBodyless: Bool

    /// A reply of which nothing is written.
    init(_ writer: consuming ResponseWriter, isBodyless: Bool, contentType: String) {
        self.writer = consume writer
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

    /// Ends a body that was begun.
    @concurrent mutating func finish() async throws {
        guard let body else { return }
        self.body = nil
        try await body.finish(nil)
    }

    /// Writes a whole answer. Nothing happens when a head is out.
    @concurrent mutating func send(status: Int = 200, type: String? = nil, _ content: ByteBuffer, isClosing: Bool) async throws {
        guard let writer = writer.take() else { return }
        var head = head(status: status, type: type ?? contentType, isClosing: isClosing)
        head.headerFields[.contentLength] = isBodyless ? nil : "\(content.readableBytes)"
        if isBodyless {
            try await writer.writeResponse(head)
        } else {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: content))
        }
    }

    private func head(status: Int, type: String, isClosing: Bool) -> HTTPResponse {
        var fields: HTTPFields = [.contentType: type]
        if isClosing { fields[.connection] = "close" }
        return HTTPResponse(status: HTTPResponse.Status(code: status), headerFields: fields)
    }
}
