import F2SModel

/// A request as it is sent to an upstream: the head that F2S composed, with a small body behind it. The positions of
/// its parts are kept, so that it can be sent to another upstream without being parsed again.
struct ComposedRequest {
    /// The bytes of the request.
    let bytes: Buffer
    /// The end of the method.
    private let methodEnd: Int
    /// The part of the path behind the path of the function; the query follows it.
    private let rest: ByteRange
    /// The end of the fields that every upstream receives. Fields for another F2S process follow.
    private var fieldsEnd: Int
    /// The end of the head; the body follows.
    private var headEnd = 0

    /// Composes the head without its end: ``endHead(_:)`` must follow.
    ///
    /// An initializer owns its parameters unless they are borrowed, and its caller would retain each for it.
    init(
        _ source: Span<UInt8>, _ head: borrowing RequestHead, fields: borrowing FieldTable,
        to destination: borrowing HeadComposer.Destination, from origin: borrowing HeadComposer.Origin,
        identity: RequestIdentity, into out: Buffer
    ) {
        bytes = out
        methodEnd = head.methodText.count
        rest = HeadComposer.request(
            source, head, fields: fields, to: destination, from: origin, identity: identity, into: out)
        fieldsEnd = out.count
    }

    /// Composes the head of another request anew, for another path of the same function. ``endHead(_:)`` must follow.
    init(_ other: borrowing ComposedRequest, to path: [UInt8], into out: Buffer) {
        bytes = out
        methodEnd = other.methodEnd
        (rest, fieldsEnd) = other.bytes.withBytes { source in
            out.append(source.extracting(first: other.methodEnd))
            out.append(Octet.space)
            let rest = HeadComposer.path(path, then: source, other.rest, into: out)
            out.append(source, ByteRange(other.rest.upper, other.fieldsEnd))
            return (rest, out.count)
        }
    }

    /// Composes another request anew, with the fields that name its caller.
    init(_ other: borrowing ComposedRequest, naming caller: Principal, into out: Buffer) {
        bytes = out
        methodEnd = other.methodEnd
        rest = other.rest
        fieldsEnd = other.fieldsEnd + caller.fieldLines.count
        headEnd = other.headEnd + caller.fieldLines.count
        other.bytes.withBytes { source in
            out.append(source.extracting(first: other.fieldsEnd))
            out.append(caller.fieldLines)
            out.append(source.extracting(droppingFirst: other.fieldsEnd))
        }
    }

    /// True if the part of the path behind the path of the function contains `.` or `..`.
    var hasDotSegment: Bool { bytes.withBytes { PathCheck.hasDotSegment($0, rest) } }

    /// Adds the fields that name the caller, before the head is ended.
    mutating func name(_ caller: Principal) {
        bytes.append(caller.fieldLines)
        fieldsEnd = bytes.count
    }

    /// Ends the head.
    /// - Parameter fields: Writes further fields.
    mutating func endHead(_ fields: (Buffer) -> Void = { _ in }) {
        fields(bytes)
        bytes.append("\r\n")
        headEnd = bytes.count
    }

    /// Appends the body of another request.
    func appendBody(of other: borrowing ComposedRequest) {
        other.bytes.withBytes { bytes.append($0.extracting(droppingFirst: other.headEnd)) }
    }
}
