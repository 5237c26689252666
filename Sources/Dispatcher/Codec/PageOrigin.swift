import F2SModel

/// The fields by which a browser says which page has sent a request, and for what (Fetch Metadata Request Headers).
struct PageOrigin {
    private var site: ByteRange?
    private var mode: ByteRange?
    private var destination: ByteRange?
    private var origin: ByteRange?
    private var accept: ByteRange?
    private var forwardedProtocol: ByteRange?

    init(_ bytes: Span<UInt8>, _ fields: borrowing FieldTable) {
        for index in fields.indices {
            let (name, value) = (fields[index].name, fields[index].value)
            if bytes.isCaseInsensitively("sec-fetch-site", in: name) {
                site = value
            } else if bytes.isCaseInsensitively("sec-fetch-mode", in: name) {
                mode = value
            } else if bytes.isCaseInsensitively("sec-fetch-dest", in: name) {
                destination = value
            } else if bytes.isCaseInsensitively("origin", in: name) {
                origin = value
            } else if bytes.isCaseInsensitively("accept", in: name) {
                accept = value
            } else if bytes.isCaseInsensitively("x-forwarded-proto", in: name) {
                forwardedProtocol = value
            }
        }
    }

    /// Returns true if a proxy reports that the browser uses https. Only a trusted proxy's report counts.
    func isForwardedSecurely(_ bytes: Span<UInt8>) -> Bool {
        forwardedProtocol.map { bytes.isCaseInsensitively("https", in: $0) } ?? false
    }

    /// True if a browser says that a page has sent the request.
    var isKnown: Bool { mode != nil || site != nil || origin != nil }

    /// Returns true if a browser opens the response as a page of its own. A frame does not count, because the console
    /// cannot be shown in one.
    func opensPage(_ head: RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.method == .get || head.method == .head, head.upgrade == nil else { return false }
        // A browser that is too old for these fields asks for HTML first.
        guard let mode else { return accept.map { bytes.text($0, bytesMax: 256).contains("text/html") } ?? false }
        guard bytes.isExactly("navigate", in: mode) else { return false }
        return destination.map { bytes.isExactly("document", in: $0) } ?? true
    }

    /// Returns true if the request may use the cookie of a sign-in: a page of the same origin has sent it, or a user
    /// opens a page. Otherwise a page of another port or host, which the browser may take for the same site, could act
    /// as the user.
    /// - Parameter isSecure: True if the browser uses https.
    func mayUseLogin(_ head: RequestHead, _ bytes: Span<UInt8>, isSecure: Bool) -> Bool {
        if let site {
            return bytes.isExactly("same-origin", in: site) || bytes.isExactly("none", in: site)
                || opensPage(head, bytes)
        }
        guard let origin else { return true }
        // `Origin` is the scheme and the authority, and `Host` the authority.
        guard let host = head.known.host else { return false }
        let own = "\(isSecure ? "https" : "http")://\(bytes.text(host))"
        return bytes.text(origin).lowercased() == own.lowercased()
    }
}

/// The location of the sign-in at a function (``FunctionLogin/path``).
enum LoginLocation {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Returns the location of the sign-in for a request, which leads back to the path and the query of the request;
    /// `nil` if they are too long for that (``FunctionLogin/targetBytesMax``).
    static func text(_ bytes: Span<UInt8>, _ head: RequestHead) -> String? {
        guard head.target.count <= FunctionLogin.targetBytesMax else { return nil }
        var text = Array("\(FunctionLogin.path)?to=".utf8)
        for index in head.target.lower..<head.target.upper {
            let byte = bytes[index]
            if isUnreserved(byte) {
                text.append(byte)
            } else if byte <= 0x20 || byte >= 0x7F {
                // A browser sends such bytes percent-encoded only, and the way back must too.
                text += [
                    UInt8(ascii: "%"), UInt8(ascii: "2"), UInt8(ascii: "5"), digits[Int(byte >> 4)],
                    digits[Int(byte & 15)],
                ]
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns true for the bytes that stand for themselves in a query (RFC 3986 section 2.3).
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
