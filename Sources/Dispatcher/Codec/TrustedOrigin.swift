import F2SModel

/// What a trusted proxy says of where a request came from: it is sent on, and this hop is added to it.
///
/// There are two ways to say it, `X-Forwarded-*` and `Forwarded` (RFC 7239). A proxy that uses one of them lets the
/// other one through as its client sent it, or has none; so each is continued only where the proxy uses it.
struct TrustedOrigin {
    var hasFor = false
    var hasForwarded = false
    var hasProtocol = false
    var hasHost = false
    /// The path below which the proxy shows F2S, without a slash at its end.
    var prefix: ByteRange?

    /// Whether the proxy says nothing at all: it is the client itself.
    var isSilent: Bool { !hasFor && !hasForwarded }
}

extension HeadScanner {
    /// Lets what a trusted proxy says go through, but for the lists that this hop is added to.
    mutating func takeOrigin(_ bytes: Span<UInt8>) -> TrustedOrigin {
        var origin = TrustedOrigin()
        for index in fields.indices where Self.saysOrigin(bytes, fields[index].name) {
            let field = fields[index]
            if bytes.isCaseInsensitively("x-forwarded-for", in: field.name) {
                origin.hasFor = true
            } else if bytes.isCaseInsensitively("forwarded", in: field.name) {
                origin.hasForwarded = true
            } else if bytes.isCaseInsensitively("x-forwarded-prefix", in: field.name) {
                origin.prefix = Self.pathPrefix(bytes, field.value)
            } else if !Self.hasUnderscore(bytes, field.name) {
                if bytes.isCaseInsensitively("x-forwarded-proto", in: field.name) { origin.hasProtocol = true }
                if bytes.isCaseInsensitively("x-forwarded-host", in: field.name) { origin.hasHost = true }
                fields[index].isDropped = false
            }
        }
        return origin
    }

    /// No proxy means that spelling, so its client sent it.
    private static func hasUnderscore(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        (name.lower..<name.upper).contains { bytes[$0] == UInt8(ascii: "_") }
    }

    /// A value that can stand in front of a path; `nil` for any other one.
    private static func pathPrefix(_ bytes: Span<UInt8>, _ value: ByteRange) -> ByteRange? {
        var end = value.upper
        while end > value.lower, bytes[end - 1] == Octet.slash { end -= 1 }
        guard end > value.lower, bytes[value.lower] == Octet.slash else { return nil }
        let isPath = (value.lower..<end).allSatisfy {
            Route.isSegmentByte(bytes[$0]) && bytes[$0] != Octet.comma || bytes[$0] == Octet.slash
                || bytes[$0] == Octet.percent
        }
        return isPath ? ByteRange(value.lower, end) : nil
    }
}

/// Who sent a request that came through trusted proxies.
struct ForwardedClient {
    /// Elements of the list, the last hop last.
    private var nodes: [ByteRange] = []

    init(_ bytes: Span<UInt8>, _ fields: [Field], _ origin: TrustedOrigin) {
        for field in fields {
            if origin.hasFor {
                guard bytes.isCaseInsensitively("x-forwarded-for", in: field.name) else { continue }
                HeadScanner.eachElement(bytes, field.value) { nodes.append($0) }
            } else if bytes.isCaseInsensitively("forwarded", in: field.name) {
                addForwarded(bytes, field.value)
            }
        }
    }

    /// A hash of the right-most address that is no trusted proxy's: whatever stands to the left of it, its sender may
    /// have made up.
    func hash(_ bytes: Span<UInt8>, peer: IPAddress?, isTrusted: (IPAddress) -> Bool) -> Int {
        var client = peer
        for node in nodes.reversed() {
            guard let address = Self.address(bytes, node) else {
                // Something else than an address names its sender all the same.
                return bytes.text(node).hashValue
            }
            client = address
            if !isTrusted(address) { break }
        }
        return client?.subscriber.hashValue ?? 0
    }

    /// An address, with or without brackets, port and quotes.
    private static func address(_ bytes: Span<UInt8>, _ node: ByteRange) -> IPAddress? {
        var text = (node.lower..<node.upper).map { bytes[$0] }[...]
        if text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\""), text.count >= 2 {
            text = text.dropFirst().dropLast()
        }
        if text.first == UInt8(ascii: "["), let end = text.firstIndex(of: UInt8(ascii: "]")) {
            return IPAddress(text[(text.startIndex + 1)..<end])
        }
        if let address = IPAddress(text) { return address }
        return text.firstIndex(of: Octet.colon).flatMap { IPAddress(text[..<$0]) }
    }

    /// `for=` of each element; a comma within quotes separates nothing.
    private mutating func addForwarded(_ bytes: Span<UInt8>, _ value: ByteRange) {
        var start = value.lower
        var isQuoted = false
        var index = value.lower
        while index <= value.upper {
            let byte = index < value.upper ? bytes[index] : Octet.comma
            if byte == UInt8(ascii: "\""), index < value.upper { isQuoted.toggle() }
            if byte == UInt8(ascii: "\\"), isQuoted {
                index += 2
                continue
            }
            if index == value.upper || !isQuoted && (byte == Octet.comma || byte == Octet.semicolon) {
                let pair = bytes.trimmed(ByteRange(start, index))
                if bytes.hasPrefix("for=", from: pair.lower, to: pair.upper) {
                    nodes.append(ByteRange(pair.lower + 4, pair.upper))
                }
                start = index + 1
            }
            index += 1
        }
    }
}
