import F2SModel

/// Why a head is refused.
enum HeadError: Error, Equatable {
    case malformed(String)
    case tooLarge(InvocationError.Part)

    static let bareLineFeed = HeadError.malformed("Lines of the head end in LF without CR")

    /// The answer to the client whose request it was.
    var asRequestError: InvocationError {
        switch self {
        case .malformed(let reason): .malformedRequest(reason: reason)
        case .tooLarge(let part): .tooLarge(part)
        }
    }

    /// The answer to the client when it was the replica's response.
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
    /// Whether the field ends here: hop-by-hop, or replaced by one of ours.
    var isDropped: Bool
}

/// What a message's framing is (RFC 9112 section 6).
enum Framing: Equatable {
    /// No content.
    case none
    /// So many bytes, at least 1.
    case length(Int)
    /// The chunked coding.
    case chunked
    /// A response until the connection ends.
    case untilClose
}

/// What the fields of either head have in common.
struct FieldFacts {
    var contentLength: Int?
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var saysUpgrade = false
    /// Whether a Connection field names something else than the three above.
    var namesFields = false
    var expectsContinue = false
    var host: ByteRange?
    /// The value of the last Upgrade field.
    var upgrade: ByteRange?
    var hasSeveralUpgrades = false
    var authorization: ByteRange?
    /// The function that the caller means (``FunctionField``).
    var function: ByteRange?
    var hasDate = false
    /// Whether Content-Length has zeros in front, and is written anew.
    var rewritesLength = false
    /// Whether the client takes trailers (`TE: trailers`).
    var takesTrailers = false
    /// The method that a browser asks to be allowed to use (`Access-Control-Request-Method`).
    var preflightMethod: Function.Method?
    var hasTraceparent = false
    var hasRequestID = false
}

/// A request's head, as positions in its bytes.
struct RequestHead {
    /// Bytes of the head, the empty line included.
    var length = 0
    var method: Function.Method?
    var methodText = ByteRange(0, 0)
    /// Path and query in origin form.
    var target = ByteRange(0, 0)
    /// The path alone.
    var path = ByteRange(0, 0)
    /// Whether the path has a percent sign: other spellings of it may be the same path.
    var hasEscapes = false
    /// Whether the target has bytes that are sent on percent-encoded.
    var hasRawBytes = false
    /// Whether it is about the server and not about a path of it (`OPTIONS *`).
    var isServerWide = false
    /// First byte after the request line.
    var fieldsStart = 0
    var minorVersion = 1
    var framing = Framing.none
    var facts = FieldFacts()
    /// The protocol for which the client asks to leave HTTP (RFC 9110 section 7.8), if it is one that goes through.
    var upgrade: [UInt8]?

    /// Whether the connection may carry another request afterwards (RFC 9112 section 9.3).
    var isPersistent: Bool { minorVersion >= 1 && !facts.saysClose }
}

/// A response's head, as positions in its bytes.
struct ResponseHead {
    /// Bytes of the head, the empty line included.
    var length = 0
    var status = 0
    /// First byte after the status line.
    var fieldsStart = 0
    var minorVersion = 1
    var facts = FieldFacts()

    /// Whether the connection may carry another exchange afterwards.
    var isPersistent: Bool { minorVersion >= 1 ? !facts.saysClose : facts.saysKeepAlive }

    /// Whether the fields tell of content, which the answer to another request would have.
    func announcesContent(isAnswerToHead: Bool) -> Bool {
        if facts.isChunked { return true }
        if let length = facts.contentLength { return length > 0 }
        return isAnswerToHead && status != 204 && status != 304
    }

    /// The framing, given what was asked (RFC 9112 section 6.3).
    func framing(isAnswerToHead: Bool) -> Framing {
        if isAnswerToHead || status < 200 || status == 204 || status == 304 { return .none }
        if facts.isChunked { return .chunked }
        switch facts.contentLength {
        case .some(0): return .none
        case .some(let length): return .length(length)
        case nil: return .untilClose
        }
    }
}
