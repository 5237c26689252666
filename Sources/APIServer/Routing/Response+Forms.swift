import F2SModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// Creates a response with a text of a media type.
    init(_ text: String, as type: MediaType, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status, headers: [.contentType: type.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// Creates a response with a value as JSON.
    /// - Parameter isIndented: False for a response with many numbers, which only programs read.
    init(json value: some Encodable, isIndented: Bool = true) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isIndented { encoder.outputFormatting.insert(.prettyPrinted) }
        self.init(try encoder.text(value) + "\n", as: .json)
    }

    /// Creates a response with a problem document (RFC 9457).
    init(_ problem: Problem) {
        self.init(
            status: HTTPResponse.Status(code: problem.status), headers: [.contentType: Problem.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: problem.json)))
    }
}

extension JSONEncoder {
    /// Returns a value as JSON text.
    func text(_ value: some Encodable) throws -> String { String(decoding: try encode(value), as: UTF8.self) }
}
