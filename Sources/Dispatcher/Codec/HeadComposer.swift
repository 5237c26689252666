/// Writes heads: the received bytes without the fields that must not be forwarded, and with the fields that F2S adds.
enum HeadComposer {
    /// The origin of a request, as F2S reports it to the upstream.
    struct Origin {
        /// The client; `nil` if another F2S process sent the request, which then names its origin itself.
        var client: ClientAddress?
        /// The origin that a trusted proxy reports; `nil` if the client is not a trusted proxy.
        var trusted: TrustedOrigin?
        /// The public path of the function, which its replica does not see; empty if there is none.
        var prefix: [UInt8] = []
    }

    /// The destination of a request on the replica: path, rest of the public path, query.
    struct Destination {
        /// The path on the replica; `nil` if the public target is sent unchanged.
        let path: [UInt8]?
        /// The position in the request's bytes at which the rest begins.
        let rest: Int
    }

    /// Writes a request's head without the empty line at its end, so that fields can be added.
    /// - Returns: The rest of the public path, as positions in `out`.
    @discardableResult
    static func request(
        _ bytes: Span<UInt8>, _ head: RequestHead, fields: FieldTable, to destination: Destination,
        from origin: Origin, identity: RequestIdentity, into out: Buffer
    ) -> ByteRange {
        out.append(bytes, head.methodText)
        out.append(Octet.space)
        let rest = writeTarget(bytes, head, destination, into: out)
        out.append(" HTTP/1.1\r\n")
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: out)
        // HTTP/1.0 may omit the Host field, HTTP/1.1 must not (RFC 9112 section 3.2).
        if head.known.host == nil { out.append("Host: \r\n") }
        if let upgrade = head.upgrade {
            out.append("Connection: Upgrade\r\nUpgrade: ")
            out.append(bytes.lowercased(upgrade))
            out.append("\r\n")
        } else if head.known.takesTrailers, head.minorVersion >= 1 {
            out.append("Connection: TE\r\nTE: trailers\r\n")
        }
        writeLength(head.known, into: out)
        if let client = origin.client { writeOrigin(bytes, head, fields, origin, of: client, into: out) }
        if !head.known.hasRequestID {
            out.append("X-Request-Id: ")
            identity.writeRequestID(into: out)
            out.append("\r\n")
        }
        if !head.known.hasTraceparent {
            out.append("traceparent: ")
            identity.writeTraceparent(into: out)
            out.append("\r\n")
        }
        return rest
    }

    private static func writeOrigin(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ fields: FieldTable, _ origin: Origin, of client: ClientAddress,
        into out: Buffer
    ) {
        let trusted = origin.trusted ?? TrustedOrigin()
        if trusted.isSilent {
            out.append(client.lines)
        } else {
            if trusted.hasFor {
                out.append("X-Forwarded-For: ")
                writeList("x-forwarded-for", bytes, fields, then: client.element, into: out)
            }
            if trusted.hasForwarded {
                out.append("Forwarded: ")
                writeList("forwarded", bytes, fields, then: client.node, into: out)
            }
        }
        if trusted.hasFor, !trusted.hasProtocol { out.append(client.protocolLine) }
        if !trusted.hasHost, let host = head.known.host, !host.isEmpty {
            out.append("X-Forwarded-Host: ")
            out.append(bytes, host)
            out.append("\r\n")
        }
        guard !origin.prefix.isEmpty else { return }
        out.append("X-Forwarded-Prefix: ")
        if let prefix = trusted.prefix { out.append(bytes, prefix) }
        out.append(origin.prefix)
        out.append("\r\n")
    }

    /// Writes all elements of a list that may be spread over several fields, and one more.
    private static func writeList(
        _ name: StaticString, _ bytes: Span<UInt8>, _ fields: FieldTable, then last: [UInt8], into out: Buffer
    ) {
        for field in fields where !field.value.isEmpty && bytes.isCaseInsensitively(name, in: field.name) {
            out.append(bytes, field.value)
            out.append(", ")
        }
        out.append(last)
        out.append("\r\n")
    }

    /// Writes a response's head without the empty line at its end, so that fields can be added.
    static func response(
        _ bytes: Span<UInt8>, _ head: ResponseHead, fields: FieldTable, into out: Buffer
    ) {
        out.append("HTTP/1.1")
        out.append(bytes, ByteRange(8, head.fieldsStart))
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: out)
        if head.status >= 200, head.status != 204 { writeLength(head.known, into: out) }
    }

    private static func writeLength(_ known: KnownHeaders, into out: Buffer) {
        guard known.rewritesLength, let length = known.contentLength else { return }
        out.append("Content-Length: ")
        writeDecimal(UInt64(length), into: out)
        out.append("\r\n")
    }

    /// Writes content as one chunk (RFC 9112 section 7.1). Writes nothing for empty content, because an empty chunk
    /// would be the last one.
    static func chunk(_ content: Span<UInt8>, into out: Buffer) {
        guard !content.isEmpty else { return }
        writeHexadecimal(content.count, into: out)
        out.append("\r\n")
        out.append(content)
        out.append("\r\n")
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)

    /// Writes `Server-Timing`, so that a user recognizes a cold start. Times in microseconds.
    static func serverTiming(queue: UInt64, start: UInt64, function: UInt64, into out: Buffer) {
        out.append("Server-Timing: queue;dur=")
        writeMilliseconds(queue, into: out)
        out.append(", start;dur=")
        writeMilliseconds(start, into: out)
        out.append(", function;dur=")
        writeMilliseconds(function, into: out)
        out.append("\r\n")
    }

    /// Writes the target.
    /// - Returns: The rest of the public path, as positions in `out`.
    private static func writeTarget(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ destination: Destination, into out: Buffer
    ) -> ByteRange {
        let rest = ByteRange(max(destination.rest, head.path.lower), head.path.upper)
        let written: ByteRange
        if let path = destination.path {
            written = self.path(path, then: bytes, rest, isRaw: head.hasRawBytes, into: out)
        } else {
            // An absolute URL may have no path.
            if head.path.isEmpty { out.append(Octet.slash) }
            write(bytes, ByteRange(head.path.lower, rest.lower), isRaw: head.hasRawBytes, into: out)
            let start = out.count
            write(bytes, rest, isRaw: head.hasRawBytes, into: out)
            written = ByteRange(start, out.count)
        }
        write(bytes, ByteRange(head.path.upper, head.target.upper), isRaw: head.hasRawBytes, into: out)
        return written
    }

    /// Writes a path and the rest of another one.
    /// - Parameter isRaw: True if the rest may contain bytes that must be percent-encoded.
    /// - Returns: The rest, as positions in `out`.
    static func path(
        _ path: [UInt8], then bytes: Span<UInt8>, _ rest: ByteRange, isRaw: Bool = false, into out: Buffer
    ) -> ByteRange {
        if path.isEmpty, rest.isEmpty { out.append(Octet.slash) }
        // A path's trailing slash is dropped if a rest follows, because the rest begins with a slash.
        if !rest.isEmpty, path.last == Octet.slash {
            out.append(path.span.extracting(droppingLast: 1))
        } else {
            out.append(path)
        }
        let start = out.count
        write(bytes, rest, isRaw: isRaw, into: out)
        return ByteRange(start, out.count)
    }

    /// Writes a part of the target. Browsers and shells also send bytes that a URL must not contain. These are
    /// percent-encoded (RFC 3986 section 2.1): the meaning is the same, and every parser reads them in the same way.
    private static func write(_ bytes: Span<UInt8>, _ part: ByteRange, isRaw: Bool, into out: Buffer) {
        guard isRaw, !part.isEmpty else { return out.append(bytes, part) }
        for index in part.lower..<part.upper {
            if bytes[index] > 127 { writeEscaped(bytes[index], into: out) } else { out.append(bytes[index]) }
        }
    }

    private static func writeEscaped(_ byte: UInt8, into out: Buffer) {
        out.append(Octet.percent)
        for digit in [byte >> 4, byte & 15] { out.append(digit < 10 ? 48 + digit : 55 + digit) }
    }

    /// Copies the fields that are not dropped, in as few runs as there are gaps.
    private static func writeKept(_ bytes: Span<UInt8>, from: Int, fields: FieldTable, into out: Buffer) {
        var runStart = from
        var position = from
        for field in fields {
            if field.isDropped {
                out.append(bytes, ByteRange(runStart, position))
                if field.keepsOtherCookies { CookieReader.writeOthers(bytes, of: field, into: out) }
                runStart = Int(field.lineEnd)
            }
            position = Int(field.lineEnd)
        }
        out.append(bytes, ByteRange(runStart, position))
    }

    private static func writeMilliseconds(_ microseconds: UInt64, into out: Buffer) {
        // Most invocations wait neither for a slot nor for a replica.
        guard microseconds > 0 else { return out.append("0.000") }
        let (whole, fraction) = microseconds.quotientAndRemainder(dividingBy: 1000)
        writeDecimal(whole, into: out)
        out.append(UInt8(ascii: "."))
        out.append(UInt8(truncatingIfNeeded: 48 + fraction / 100))
        out.append(UInt8(truncatingIfNeeded: 48 + fraction / 10 % 10))
        out.append(UInt8(truncatingIfNeeded: 48 + fraction % 10))
    }

    private static func writeHexadecimal(_ number: Int, into out: Buffer) {
        if number >= 16 { writeHexadecimal(number / 16, into: out) }
        let digit = UInt8(truncatingIfNeeded: number % 16)
        out.append(digit < 10 ? 48 + digit : 87 + digit)
    }

    static func writeDecimal(_ number: UInt64, into out: Buffer) {
        if number >= 10 { writeDecimal(number / 10, into: out) }
        out.append(UInt8(truncatingIfNeeded: 48 + number % 10))
    }
}
