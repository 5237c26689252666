import F2SModel
import Hummingbird
import NIOCore

extension Response {
    /// Writes an answer part by part. It runs where Hummingbird calls it, off the caller's actor, because the writer
    /// belongs to the connection's task.
    typealias PartWriter = @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void

    /// An answer whose length is not known beforehand, and which ends by itself.
    static func parts(_ type: MediaType, _ write: @escaping PartWriter) -> Response {
        Response(
            status: .ok, headers: [.contentType: type.contentType],
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    /// An answer that goes on until `write` returns or the client leaves, whatever comes first. No deadline ends it.
    static func stream(_ type: MediaType, to request: APIRequest, _ write: @escaping PartWriter) -> Response {
        let body = request.underlying.body
        var response = parts(type) { writer in
            // The body of the request has been read already: if anything else arrives, the client leaves.
            try await body.consumeWithCancellationOnInboundClose { _ in try await write(&writer) }
        }
        // Who watches for the client's leaving has read the connection to its end, so it cannot serve another request.
        response.headers[.connection] = "close"
        return response
    }
}
