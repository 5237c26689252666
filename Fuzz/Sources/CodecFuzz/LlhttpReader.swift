import NIOCore
import NIOEmbedded
import NIOHTTP1

/// NIO's decoder, which is llhttp behind a strict set of callbacks. It is given one message's bytes after another and
/// tells through ``found`` what it made of them.
final class LlhttpReader {
    private enum Decoder {
        case request(HTTPRequestDecoder)
        case response(HTTPResponseDecoder)
    }

    /// What the decoder has found since it was made.
    private(set) var found = LlhttpFindings()
    private var decoder: Decoder?
    /// What the decoder has not taken yet, as NIO's own handler would hold it.
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

    /// Ends the connection without a word; the decoder holds on to itself until then.
    func end() {
        switch decoder {
        case .request(let decoder): requests.attach { decoder.decoderRemoved(context: $0) }
        case .response(let decoder): responses.attach { decoder.decoderRemoved(context: $0) }
        case nil: break
        }
        decoder = nil
    }

    /// Tells what the next response answers.
    func expectResponse(isAnswerToHead: Bool) {
        guard case .response(let decoder) = decoder else { return }
        decoder.write(data: .head(HTTPRequestHead(version: .http1_1, method: isAnswerToHead ? .HEAD : .GET, uri: "/")))
    }

    /// The next bytes of the connection.
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

    /// The other side has closed.
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

/// What NIO's decoder has found on one connection.
struct LlhttpFindings {
    var heads = 0
    /// Messages that are complete; interim responses are not counted.
    var ends = 0
    var method = ""
    var uri = ""
    var status = 0
    var version = HTTPVersion.http1_1
    var headers = HTTPHeaders()
    var isKeepAlive = false
    /// Content of the message whose head came last.
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
        // NIO spells the only method with a hyphen without it.
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

/// A place in a pipeline for decoders to stand in, one after another: making a pipeline for each input would take
/// longer than reading it.
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
        let place = Place()
        try channel.pipeline.syncOperations.addHandlers(place, recorder)
        context = try channel.pipeline.syncOperations.context(handler: place)
    }

    func attach(_ body: (ChannelHandlerContext) -> Void) { body(context) }

    /// What the decoder tells its context meanwhile is added to the findings.
    func withContext(into found: inout LlhttpFindings, _ body: (ChannelHandlerContext) throws -> Void) throws {
        swap(&found, &recorder.found)
        defer { swap(&found, &recorder.found) }
        try body(context)
    }
}
