import NIOHTTP1

/// One request to the API server, whatever carries it.
struct APIRequest: Sendable {
    /// How a body is to be understood.
    enum ContentType: String, Sendable, Hashable {
        /// An object.
        case json = "application/json"
        /// Fields to apply; JSON is YAML.
        case apply = "application/apply-patch+yaml"
        /// Fields to change.
        case mergePatch = "application/merge-patch+json"
    }

    /// HTTP method.
    let method: HTTPMethod
    /// Path and query.
    let target: String
    /// Of the body.
    let content: ContentType
    /// What is sent; `nil`: nothing.
    let body: [UInt8]?
    /// What the answer may be.
    let accepts: String

    /// A request.
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

    /// Whether doing it twice is the same as doing it once. A POST makes a second object, or is told that the first,
    /// its own, exists.
    var isIdempotent: Bool { method != .POST }

    /// What it is, for messages: the query may be long and tells little.
    var title: String { "\(method.rawValue) \(target.prefix { $0 != "?" })" }
}

extension String {
    /// For a query: all but the unreserved characters of RFC 3986 section 2.3 is written as its bytes in hexadecimal.
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
