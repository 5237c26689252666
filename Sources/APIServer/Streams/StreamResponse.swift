import F2SModel
import Hummingbird
import NIOCore

extension Response {
    /// An answer that goes on until `write` returns or the client leaves, whatever comes first. No deadline ends it.
    /// - Parameter request: its body has been read already, so that whatever else arrives means that the client leaves.
    static func stream(
        _ type: MediaType, to request: APIRequest,
        _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        let body = request.underlying.body
        return Response(
            status: .ok, headers: [.contentType: type.contentType],
            body: ResponseBody { writer in
                try await body.consumeWithCancellationOnInboundClose { _ in try await write(&writer) }
                try await writer.finish(nil)
            })
    }
}
