import NIOHTTP1

/// A request to the API server, independent of the transport.
struct KubernetesRequest: Sendable {
    /// The media type of a body.
    enum ContentType: String, Sendable, Hashable {
        /// A complete object.
        case json = "application/json"
        /// Fields for server-side apply. JSON is valid YAML.
        case apply = "application/apply-patch+yaml"
        /// Fields to change (RFC 7386).
        case mergePatch = "application/merge-patch+json"
    }

    /// The HTTP method.
    let method: HTTPMethod
    /// The path and the query.
    let target: String
    /// The media type of the body.
    let content: ContentType
    /// The body; `nil`: none.
    let body: [UInt8]?
    /// The media types that the response may have.
    let accepts: String

    /// Creates a request.
    init(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], content: ContentType = .json,
        body: [UInt8]? = nil, accepts: String = "application/json"
    ) {
        self.method = method
        let pairs = query.map { "\($0.percentEncoded)=\($1.percentEncoded)" }.joined(separator: "&")
        target = pairs.isEmpty ? path : "\(path)?\(pairs)"
        self.content = content
        self.body = body
        self.accepts = accepts
    }

    /// True if sending the request twice has the same effect as sending it once. A repeated POST creates a second
    /// object, or fails because the object of the first one exists.
    var isIdempotent: Bool { method != .POST }

    /// The method and the path, for messages. The query is left out because it may be long.
    var title: String { "\(method.rawValue) \(target.prefix { $0 != "?" })" }
}

extension String {
    /// The string as a part of a query: every byte except the unreserved characters of RFC 3986 section 2.3 is
    /// percent-encoded.
    var percentEncoded: String {
        var bytes: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                for nibble in [byte >> 4, byte & 15] { bytes.append(nibble < 10 ? 48 + nibble : 55 + nibble) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
