import F2SModel

/// The origin of a request as a trusted proxy reports it. F2S passes it on and adds this hop to it.
///
/// There are two forms, `X-Forwarded-*` and `Forwarded` (RFC 7239). A proxy that uses one of them passes the other one
/// on as its client sent it, or does not send it. So F2S continues a form only if it is present.
struct TrustedOrigin {
    var hasFor = false
    var hasForwarded = false
    var hasProtocol = false
    var hasHost = false
    /// The path below which the proxy serves F2S, without a slash at its end.
    var prefix: ByteRange?

    /// True if the proxy reports no origin: the proxy itself is the client.
    var isSilent: Bool { !hasFor && !hasForwarded }
}

extension HeadScanner {
    /// Keeps the fields in which a trusted proxy reports the origin, except for those that F2S extends and rewrites.
    mutating func keepTrustedOrigin(_ bytes: Span<UInt8>) -> TrustedOrigin {
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

    /// Returns true if the name contains an underscore. No proxy uses that spelling, so the proxy's client sent the
    /// field.
    private static func hasUnderscore(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        (name.lower..<name.upper).contains { bytes[$0] == UInt8(ascii: "_") }
    }

    /// Returns the value without slashes at its end if it can precede a path, and `nil` otherwise.
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

/// The client that sent a request through trusted proxies.
struct ForwardedClient {
    /// Elements of the list, the last hop last.
    private var nodes: [ByteRange] = []

    init(_ bytes: Span<UInt8>, _ fields: FieldTable, _ origin: TrustedOrigin) {
        for field in fields {
            if origin.hasFor {
                guard bytes.isCaseInsensitively("x-forwarded-for", in: field.name) else { continue }
                HeadScanner.eachElement(bytes, field.value) { nodes.append($0) }
            } else if bytes.isCaseInsensitively("forwarded", in: field.name) {
                addForwarded(bytes, field.value)
            }
        }
    }

    /// Returns the key by which a rate counts the client.
    /// - Parameter proxy: The address of the proxy that sent the request.
    func rateKey(_ bytes: Span<UInt8>, proxy: IPAddress?, isTrusted: (IPAddress) -> Bool) -> UInt64 {
        switch sender(bytes, proxy: proxy, isTrusted: isTrusted) {
        case .address(let address): address?.rateKey ?? 0
        case .other(let name): UInt64(truncatingIfNeeded: name.hashValue)
        }
    }

    /// Returns the client for a log; `nil` if it is unknown.
    /// - Parameter proxy: The address of the proxy that sent the request.
    func text(_ bytes: Span<UInt8>, proxy: IPAddress?, isTrusted: (IPAddress) -> Bool) -> String? {
        switch sender(bytes, proxy: proxy, isTrusted: isTrusted) {
        case .address(let address): address?.description
        case .other(let name): name
        }
    }

    private enum Sender {
        case address(IPAddress?)
        /// An element that is not an address, which still identifies its sender.
        case other(String)
    }

    /// Returns the right-most sender that is not a trusted proxy. It may have invented everything to the left of it.
    private func sender(_ bytes: Span<UInt8>, proxy: IPAddress?, isTrusted: (IPAddress) -> Bool) -> Sender {
        var client = proxy
        for node in nodes.reversed() {
            guard let address = Self.address(bytes, node) else { return .other(bytes.text(node)) }
            client = address
            if !isTrusted(address) { break }
        }
        return .address(client)
    }

    /// Returns the address of an element, which may have brackets, a port and quotes.
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

    /// Adds the `for=` value of each element. A comma within quotes does not separate elements.
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
