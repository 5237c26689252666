import NIOCore
import NIOEmbedded
import NIOHTTP1

/// NIO's decoder: llhttp with strict callbacks. It receives the bytes of one message after another and stores its
/// results in ``found``.
final class LlhttpReader {
    private enum Decoder {
        case request(HTTPRequestDecoder)
        case response(HTTPResponseDecoder)
    }

    /// The results of the decoder since the last restart.
    private(set) var found = LlhttpFindings()
    private var decoder: Decoder?
    /// The bytes that the decoder has not consumed yet. NIO's own handler buffers them in the same way.
    private var held = ByteBuffer()
    private let requests: DecoderStage<HTTPRequestHead>
    private let responses: DecoderStage<HTTPResponseHead>

    init() throws {
        requests = try DecoderStage()
        responses = try DecoderStage()
    }

    /// Begins a new connection.
    func restart(isResponse: Bool) {
        end()
        found.clear()
        held.clear()
        if isResponse {
            let decoder = HTTPResponseDecoder(informationalResponseStrategy: .forward)
            responses.attach { decoder.decoderAdded(context: $0) }
            self.decoder = .response(decoder)
        } else {
            let decoder = HTTPRequestDecoder()
            requests.attach { decoder.decoderAdded(context: $0) }
            self.decoder = .request(decoder)
        }
    }

    /// Ends the connection without an event and removes the decoder, which otherwise retains itself.
    func end() {
        switch decoder {
        case .request(let decoder): requests.attach { decoder.decoderRemoved(context: $0) }
        case .response(let decoder): responses.attach { decoder.decoderRemoved(context: $0) }
        case nil: break
        }
        decoder = nil
    }

    /// Sets the request method of the next response.
    func expectResponse(isAnswerToHead: Bool) {
        guard case .response(let decoder) = decoder else { return }
        decoder.write(data: .head(HTTPRequestHead(version: .http1_1, method: isAnswerToHead ? .HEAD : .GET, uri: "/")))
    }

    /// Passes the next bytes of the connection to the decoder.
    func feed(_ bytes: Span<UInt8>) {
        guard found.error == nil, bytes.count > 0 else { return }
        held.writeBytes(bytes.bytes)
        do {
            switch decoder {
            case .request(let decoder):
                try requests.withContext(into: &found) { _ = try decoder.decode(context: $0, buffer: &held) }
            case .response(let decoder):
                try responses.withContext(into: &found) { _ = try decoder.decode(context: $0, buffer: &held) }
            case nil: break
            }
        } catch {
            found.error = error
        }
    }

    /// Tells the decoder that the peer has closed the connection.
    func feedEnd() {
        guard found.error == nil else { return }
        do {
            switch decoder {
            case .request(let decoder):
                try requests.withContext(into: &found) {
                    _ = try decoder.decodeLast(context: $0, buffer: &held, seenEOF: true)
                }
            case .response(let decoder):
                try responses.withContext(into: &found) {
                    _ = try decoder.decodeLast(context: $0, buffer: &held, seenEOF: true)
                }
            case nil: break
            }
        } catch {
            found.error = error
        }
    }
}

/// The results of NIO's decoder on one connection.
struct LlhttpFindings {
    var heads = 0
    /// The number of complete messages, without interim responses.
    var ends = 0
    var method = ""
    var uri = ""
    var status = 0
    var version = HTTPVersion.http1_1
    var headers = HTTPHeaders()
    var isKeepAlive = false
    /// The content of the message with the latest head.
    var content: [UInt8] = []
    var trailers = HTTPHeaders()
    var error: (any Error)?

    mutating func clear() {
        method = ""
        uri = ""
        status = 0
        heads = 0
        ends = 0
        content.removeAll(keepingCapacity: true)
        trailers = HTTPHeaders()
        error = nil
    }

    mutating func take<Head>(_ part: HTTPPart<Head, ByteBuffer>) {
        switch part {
        case .head(let head):
            heads += 1
            content.removeAll(keepingCapacity: true)
            trailers = HTTPHeaders()
            if let head = head as? HTTPRequestHead { take(head) }
            if let head = head as? HTTPResponseHead { take(head) }
        case .body(let bytes): content.append(contentsOf: bytes.readableBytesView)
        case .end(let trailers):
            ends += 1
            self.trailers = trailers ?? HTTPHeaders()
        }
    }

    private mutating func take(_ head: HTTPRequestHead) {
        // NIO's name of `M-SEARCH`, the only method with a hyphen, omits the hyphen.
        method = head.method == .MSEARCH ? "M-SEARCH" : head.method.rawValue
        uri = head.uri
        version = head.version
        headers = head.headers
        isKeepAlive = head.isKeepAlive
    }

    private mutating func take(_ head: HTTPResponseHead) {
        status = Int(head.status.code)
        version = head.version
        headers = head.headers
        isKeepAlive = head.isKeepAlive
    }
}

/// A pipeline whose context is reused by one decoder after another. Creating a pipeline for each input would take
/// longer than reading the input.
private final class DecoderStage<Head: Sendable & Equatable> {
    private final class Place: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = HTTPPart<Head, ByteBuffer>

        var found = LlhttpFindings()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { found.take(unwrapInboundIn(data)) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { found.error = found.error ?? error }
    }

    private let channel = EmbeddedChannel()
    private let recorder = Recorder()
    private let context: ChannelHandlerContext

    init() throws {
        let location = Place()
        try channel.pipeline.syncOperations.addHandlers(location, recorder)
        context = try channel.pipeline.syncOperations.context(handler: location)
    }

    func attach(_ body: (ChannelHandlerContext) -> Void) { body(context) }

    /// Runs `body` with the context. Adds the events that the decoder fires in the meantime to `found`.
    func withContext(into found: inout LlhttpFindings, _ body: (ChannelHandlerContext) throws -> Void) throws {
        swap(&found, &recorder.found)
        defer { swap(&found, &recorder.found) }
        try body(context)
    }
}
