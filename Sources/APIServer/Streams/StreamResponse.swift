import F2SModel
import Hummingbird
import NIOCore

extension Response {
    /// Writes a response part by part. It runs where Hummingbird calls it, off the caller's actor, because the writer
    /// belongs to the connection's task.
    typealias PartWriter = @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void

    /// Creates a response of unknown length that ends by itself.
    static func parts(_ type: MediaType, _ write: @escaping PartWriter) -> Response {
        Response(
            status: .ok, headers: [.contentType: type.contentType],
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    /// Creates a response that continues until `write` returns or the client disconnects. No deadline ends it.
    static func stream(_ type: MediaType, to request: APIRequest, _ write: @escaping PartWriter) -> Response {
        let body = request.underlying.body
        var response = parts(type) { writer in
            // The body of the request was read already, so anything else that arrives means that the client
            // disconnects.
            try await body.consumeWithCancellationOnInboundClose { _ in try await write(&writer) }
        }
        // The stream has read the connection to its end to detect that the client disconnects, so the connection cannot
        // serve another request.
        response.headers[.connection] = "close"
        return response
    }
}
