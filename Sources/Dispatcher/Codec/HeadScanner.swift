import F2SModel

/// Reads heads strictly, in place and without copying (RFC 9112). It rejects everything ambiguous, because the next
/// parser might read it differently, and one request would become two.
///
/// One scanner serves a whole event loop; its field table is reused.
struct HeadScanner {
    /// The fields of the head that was read last. Copies of a scanner share them.
    let fields: FieldTable
    /// The limits of a head; they are wider only while the head of another F2S process is read.
    var limits: HeadLimits
    private let upgrades: UpgradeProtocols

    init(limits: HeadLimits, upgrades: UpgradeProtocols = .webSocket) {
        self.limits = limits
        self.upgrades = upgrades
        fields = FieldTable(capacity: limits.ofPeers.fieldsMax)
    }

    /// Returns the position behind the head's empty line, or `nil` if the head is incomplete.
    /// - Parameter from: The position at which an earlier search of the same bytes stopped; set to the position at
    ///   which the next search may begin.
    static func end(of bytes: Span<UInt8>, from: inout Int) -> Int? {
        var start = from
        while let index = bytes.firstLineFeed(from: start, to: bytes.count) {
            // A bare line feed also ends a line here, so that the parser sees it and rejects it at once.
            if index &+ 1 < bytes.count, bytes[index &+ 1] == Octet.lineFeed { return index &+ 2 }
            if index &+ 2 < bytes.count, bytes[index &+ 1] == Octet.carriageReturn, bytes[index &+ 2] == Octet.lineFeed
            {
                return index &+ 3
            }
            if index &+ 2 >= bytes.count {
                from = index
                return nil
            }
            start = index &+ 1
        }
        from = bytes.count
        return nil
    }

    /// Reads a complete request head of `length` bytes.
    /// - Parameter isOfPeer: True if the head arrived on the internal listener. It may be larger than a client's head,
    ///   because the other F2S process has added its own fields.
    mutating func request(
        _ bytes: Span<UInt8>, length: Int, isOfPeer: Bool = false
    ) throws(HeadError) -> RequestHead {
        let own = limits
        if isOfPeer { limits = own.ofPeers }
        defer { limits = own }
        var head = RequestHead()
        head.length = length
        let lineEnd = try requestLine(bytes, length, &head)
        head.fieldsStart = lineEnd
        try readFields(bytes, from: lineEnd, to: length, isRequest: true, into: &head.known)
        try checkTarget(bytes, &head)
        guard head.known.host != nil || head.minorVersion == 0 else { throw .malformed("The Host field is missing") }
        if head.known.isChunked {
            guard head.minorVersion >= 1 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
            head.framing = .chunked
        } else if let length = head.known.contentLength, length > 0 {
            head.framing = .length(length)
        }
        if head.known.saysUpgrade { head.upgrade = upgrade(head, bytes) }
        return head
    }

    /// Returns the position of the protocol for which the request asks to leave HTTP, or `nil` if it may not. A request
    /// with content never may: a replica that accepts the upgrade would read the content as the other protocol, or as
    /// further requests.
    private func upgrade(_ head: RequestHead, _ bytes: Span<UInt8>) -> ByteRange? {
        guard head.framing == .none, head.minorVersion >= 1, !head.known.hasSeveralUpgrades else { return nil }
        return head.known.upgrade.flatMap { upgrades.first(in: $0, of: bytes) }
    }

    /// Reads a complete response head of `length` bytes.
    mutating func response(_ bytes: Span<UInt8>, length: Int) throws(HeadError) -> ResponseHead {
        var head = ResponseHead()
        head.length = length
        guard let lineEnd = Self.lineEnd(bytes, 0, length), lineEnd >= 14,
            bytes.isExactly("HTTP/1.", in: ByteRange(0, 7)), bytes[8] == Octet.space
        else {
            throw Self.error(ofResponse: bytes.extracting(first: length))
                ?? .malformed("The status line is not that of HTTP/1.1")
        }
        guard bytes[lineEnd - 2] == Octet.carriageReturn else { throw .bareLineFeed }
        switch bytes[7] {
        case UInt8(ascii: "1"): head.minorVersion = 1
        case UInt8(ascii: "0"): head.minorVersion = 0
        default: throw .malformed("The status line is not that of HTTP/1.1")
        }
        for index in 9..<12 {
            guard (48...57).contains(bytes[index]) else { throw .malformed("The status is not a number") }
            head.status = head.status * 10 + Int(bytes[index] - 48)
        }
        guard head.status >= 100, bytes[12] == Octet.space || lineEnd == 14 else {
            throw .malformed("The status is not a number of three digits")
        }
        for index in 12..<(lineEnd - 2) where !Octet.isFieldContent(bytes[index]) {
            throw .malformed("The status line holds a control character")
        }
        head.fieldsStart = lineEnd
        try readFields(bytes, from: lineEnd, to: length, isRequest: false, into: &head.known)
        guard head.minorVersion >= 1 || !head.known.isChunked else {
            throw .malformed("HTTP/1.0 has no Transfer-Encoding")
        }
        return head
    }

    private func requestLine(_ bytes: Span<UInt8>, _ length: Int, _ head: inout RequestHead) throws(HeadError) -> Int {
        guard let lineEnd = Self.lineEnd(bytes, 0, length) else { throw .malformed("The request line is incomplete") }
        let end = lineEnd &- 2
        guard end >= 12 else { throw .malformed("The request line is malformed") }
        guard bytes[end] == Octet.carriageReturn else { throw .bareLineFeed }
        var index = bytes.tokenEnd(from: 0, to: end)
        guard index > 0, bytes[index] == Octet.space else { throw .malformed("The method is not a token") }
        head.methodText = ByteRange(0, index)
        head.method = Self.method(bytes, head.methodText)
        // A response to CONNECT has no content, whatever its head announces, and F2S has no host to connect to.
        guard !bytes.isExactly("CONNECT", in: head.methodText) else { throw .malformed("CONNECT is not served") }
        let targetStart = index &+ 1
        let targetEnd = end &- 9
        guard targetEnd > targetStart, bytes[targetEnd] == Octet.space else {
            throw .malformed("The request line is malformed")
        }
        guard targetEnd &- targetStart <= limits.targetBytesMax else {
            throw .tooLarge(.target(bytesMax: limits.targetBytesMax))
        }
        index = targetStart
        while index < targetEnd {
            let byte = bytes[index]
            guard byte > 32, byte != 127 else { throw .malformed("The target holds a space or a control character") }
            if byte > 127 { head.hasRawBytes = true }
            index &+= 1
        }
        head.target = ByteRange(targetStart, targetEnd)
        guard bytes.isExactly("HTTP/1.", in: ByteRange(targetEnd &+ 1, targetEnd &+ 8)) else {
            throw .malformed("The version is not HTTP/1.1 or HTTP/1.0")
        }
        switch bytes[targetEnd &+ 8] {
        case UInt8(ascii: "1"): head.minorVersion = 1
        case UInt8(ascii: "0"): head.minorVersion = 0
        default: throw .malformed("The version is not HTTP/1.1 or HTTP/1.0")
        }
        return lineEnd
    }

    /// Converts the target to origin form (RFC 9112 section 3.2) and finds the path.
    private func checkTarget(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(HeadError) {
        if bytes[head.target.lower] != Octet.slash {
            if head.method == .options, head.target.count == 1, bytes[head.target.lower] == UInt8(ascii: "*") {
                head.path = head.target
                head.isServerWide = true
                return
            }
            let authority = try authority(bytes, head)
            head.target = ByteRange(authority.upper, head.target.upper)
            // Without a path, the request is about the server (RFC 9112 section 3.2.4).
            head.isServerWide = head.method == .options && head.target.isEmpty
        }
        var pathEnd = head.target.lower
        while pathEnd < head.target.upper, bytes[pathEnd] != Octet.question {
            if bytes[pathEnd] == Octet.percent { head.hasEscapes = true }
            pathEnd &+= 1
        }
        head.path = ByteRange(head.target.lower, pathEnd)
    }

    /// Returns the host and port of an absolute URL. They must be those of the Host field, because the next parser may
    /// use either.
    private func authority(_ bytes: Span<UInt8>, _ head: RequestHead) throws(HeadError) -> ByteRange {
        let (start, end) = (head.target.lower, head.target.upper)
        let isSecure = bytes.hasPrefix("https://", from: start, to: end)
        guard isSecure || bytes.hasPrefix("http://", from: start, to: end) else {
            throw .malformed("The target is neither a path nor an absolute http URL")
        }
        let authorityStart = start + (isSecure ? 8 : 7)
        var authorityEnd = authorityStart
        while authorityEnd < end, bytes[authorityEnd] != Octet.slash, bytes[authorityEnd] != Octet.question {
            authorityEnd += 1
        }
        let authority = ByteRange(authorityStart, authorityEnd)
        guard !authority.isEmpty else { throw .malformed("The target names no host") }
        guard let host = head.known.host else {
            throw .malformed("The target names a host, and there is no Host field that names it too")
        }
        let port: StaticString = isSecure ? ":443" : ":80"
        guard bytes.isSameName(bytes.dropping(port, from: authority), bytes.dropping(port, from: host)) else {
            throw .malformed("The target names another host than the Host field")
        }
        return authority
    }

    /// Returns true if the bytes of an incomplete head can begin one: with a method and a space behind it.
    static func mayBegin(_ bytes: Span<UInt8>) -> Bool {
        // A complete empty line would already have been skipped.
        if bytes.count == 1, bytes[0] == Octet.carriageReturn { return true }
        let end = min(bytes.count, methodBytesMax)
        let tokenEnd = bytes.tokenEnd(from: 0, to: end)
        return tokenEnd == end || tokenEnd > 0 && bytes[tokenEnd] == Octet.space
    }

    /// The most bytes of a method that are checked before its head is complete.
    private static let methodBytesMax = 64

    static func lineEnd(_ bytes: Span<UInt8>, _ from: Int, _ length: Int) -> Int? {
        bytes.firstLineFeed(from: from, to: length).map { $0 &+ 1 }
    }

    static func method(_ bytes: Span<UInt8>, _ range: ByteRange) -> Function.Method? {
        switch range.count {
        case 3: bytes.isExactly("GET", in: range) ? .get : bytes.isExactly("PUT", in: range) ? .put : nil
        case 4: bytes.isExactly("POST", in: range) ? .post : bytes.isExactly("HEAD", in: range) ? .head : nil
        case 5: bytes.isExactly("PATCH", in: range) ? .patch : bytes.isExactly("TRACE", in: range) ? .trace : nil
        case 6: bytes.isExactly("DELETE", in: range) ? .delete : nil
        case 7: bytes.isExactly("OPTIONS", in: range) ? .options : nil
        default: nil
        }
    }
}

/// The limits of a head.
struct HeadLimits {
    let headBytesMax: Int
    let targetBytesMax: Int
    let fieldsMax: Int

    init(headBytesMax: Int, targetBytesMax: Int, fieldsMax: Int) {
        self.headBytesMax = headBytesMax
        self.targetBytesMax = targetBytesMax
        self.fieldsMax = fieldsMax
    }

    init(_ limits: Limits) {
        headBytesMax = limits.headBytesMax
        targetBytesMax = limits.targetBytesMax
        fieldsMax = limits.fieldsMax
    }
}

extension HeadScanner {
    private static let responseBeginning = Array("HTTP/1.".utf8)
    /// The most bytes that an error message shows of a response that is not HTTP.
    private static let shownBytesMax = 32

    /// Returns an error if the bytes cannot begin a response of HTTP/1, and `nil` if they can.
    static func error(ofResponse bytes: Span<UInt8>) -> HeadError? {
        let beginning = responseBeginning
        var index = 0
        while index < min(beginning.count, bytes.count), bytes[index] == beginning[index] { index += 1 }
        guard index < min(beginning.count, bytes.count) else { return nil }
        // Content types of TLS records: 21 is an alert, 22 a handshake; the version follows (RFC 8446 section 5.1).
        if bytes.count > 1, bytes[0] == 21 || bytes[0] == 22, bytes[1] == 3 {
            return .malformed("The replica speaks TLS on its port, and F2S calls functions without it")
        }
        var shown: [UInt8] = []
        for index in 0..<min(shownBytesMax, bytes.count) {
            // The message shows the first line at most, which may be incomplete.
            guard bytes[index] != Octet.carriageReturn, bytes[index] != Octet.lineFeed else { break }
            shown.append(bytes[index])
        }
        let text = String(decoding: shown, as: UTF8.self).printable
        return .malformed("The replica's response is not HTTP: it begins with \"\(text)\"")
    }
}
