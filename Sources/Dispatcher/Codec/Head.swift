import F2SModel

/// The reason for the rejection of a head.
enum HeadError: Error, Equatable {
    case malformed(String)
    case tooLarge(InvocationError.Part)

    static let bareLineFeed = HeadError.malformed("Lines of the head end in LF without CR")

    /// The error for the client if the head is that of its request.
    var asRequestError: InvocationError {
        switch self {
        case .malformed(let reason): .malformedRequest(reason: reason)
        case .tooLarge(let part): .tooLarge(part)
        }
    }

    /// The error for the client if the head is that of the replica's response.
    var asResponseError: InvocationError {
        switch self {
        case .malformed(let reason): .malformedResponse(reason: reason)
        case .tooLarge(.fields(let countMax)):
            .malformedResponse(reason: "The response has over \(countMax) header fields (f2s.limits.fields)")
        case .tooLarge: .malformedResponse(reason: "The response's head is over its limit (f2s.limits.head_bytes)")
        }
    }
}

/// One header field, as positions.
struct Field {
    var name: ByteRange
    var value: ByteRange
    /// First byte after the field's line.
    var lineEnd: Int32
    /// True if the field is not passed on: it is hop-by-hop, or F2S replaces it.
    var isDropped: Bool
    /// True if the field is a Cookie field that is dropped because of some of its cookies: the others are passed on in
    /// its place.
    var keepsOtherCookies = false
}

/// The framing of a message's content (RFC 9112 section 6).
enum Framing: Equatable {
    /// No content.
    case none
    /// Content of this many bytes, at least 1.
    case length(Int)
    /// The chunked coding.
    case chunked
    /// Content that ends with the connection, in responses only.
    case untilClose
}

/// The values that F2S reads from the fields of requests and responses.
struct KnownHeaders {
    var contentLength: Int?
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var saysUpgrade = false
    /// True if a Connection field names anything besides `close`, `keep-alive` and `upgrade`.
    var namesFields = false
    var expectsContinue = false
    var host: ByteRange?
    /// The value of the last Upgrade field.
    var upgrade: ByteRange?
    var hasSeveralUpgrades = false
    var authorization: ByteRange?
    /// The function that the caller names (``FunctionField``).
    var function: ByteRange?
    var hasDate = false
    /// True if Content-Length has leading zeros, and is rewritten.
    var rewritesLength = false
    /// True if the client accepts trailers (`TE: trailers`).
    var takesTrailers = false
    /// The method for which a browser asks permission (`Access-Control-Request-Method`).
    var preflightMethod: Function.Method?
    var hasTraceparent = false
    /// True if the request has a Cookie field, or the response a Set-Cookie field.
    var hasCookies = false
    var hasRequestID = false
}

/// A request's head, as positions in its bytes. It holds no reference, so a copy counts none.
struct RequestHead {
    /// Bytes of the head, the empty line included.
    var length = 0
    var method: Function.Method?
    var methodText = ByteRange(0, 0)
    /// Path and query in origin form.
    var target = ByteRange(0, 0)
    /// The path alone.
    var path = ByteRange(0, 0)
    /// True if the path contains a percent sign: the same path may then have another spelling.
    var hasEscapes = false
    /// True if the target contains bytes that are sent on percent-encoded.
    var hasRawBytes = false
    /// True if the request is about the server and not about a path (`OPTIONS *`).
    var isServerWide = false
    /// First byte after the request line.
    var fieldsStart = 0
    var minorVersion = 1
    var framing = Framing.none
    var known = KnownHeaders()
    /// The protocol for which the client asks to leave HTTP (RFC 9110 section 7.8), if F2S allows it.
    var upgrade: ByteRange?

    /// True if the connection may carry another request afterwards (RFC 9112 section 9.3).
    var isPersistent: Bool { minorVersion >= 1 && !known.saysClose }
}

/// A response's head, as positions in its bytes.
struct ResponseHead {
    /// Bytes of the head, the empty line included.
    var length = 0
    var status = 0
    /// First byte after the status line.
    var fieldsStart = 0
    var minorVersion = 1
    var known = KnownHeaders()

    /// True if the connection may carry another exchange afterwards.
    var isPersistent: Bool { minorVersion >= 1 ? !known.saysClose : known.saysKeepAlive }

    /// Returns true if the fields announce content. The response itself may have none, for example if it answers HEAD.
    func announcesContent(isAnswerToHead: Bool) -> Bool {
        if known.isChunked { return true }
        if let length = known.contentLength { return length > 0 }
        return isAnswerToHead && status != 204 && status != 304
    }

    /// Returns the framing, which depends on the request (RFC 9112 section 6.3).
    func framing(isAnswerToHead: Bool) -> Framing {
        if isAnswerToHead || status < 200 || status == 204 || status == 304 { return .none }
        if known.isChunked { return .chunked }
        switch known.contentLength {
        case .some(0): return .none
        case .some(let length): return .length(length)
        case nil: return .untilClose
        }
    }
}
