/// Writes heads: what arrived, as bytes, less what must not be forwarded, plus what F2S adds.
enum HeadComposer {
    /// What a client connection adds to every request of its own: the lines that name the client's address.
    struct Forwarding {
        let lines: [UInt8]
        /// Whether the request says where it came from itself, and is trusted.
        let isKept: Bool

        /// For a request that comes from another F2S process: the lines of the first one stay.
        static let kept = Forwarding(lines: [], isKept: true)

        private init(lines: [UInt8], isKept: Bool) {
            self.lines = lines
            self.isKept = isKept
        }

        /// - Parameter address: as text, IPv6 without brackets; `nil`: not known.
        init(address: String?) {
            let address = address ?? "unknown"
            let node = address.contains(":") ? "\"[\(address)]\"" : address
            isKept = false
            lines = Array(
                "X-Forwarded-For: \(address)\r\nX-Forwarded-Proto: http\r\nForwarded: for=\(node);proto=http\r\n".utf8)
        }
    }

    /// Where a request goes on the replica: path, rest of the public path, query.
    struct Destination {
        /// `nil`: the public target unchanged.
        let path: [UInt8]?
        /// Where the rest begins in the request's bytes.
        let rest: Int
    }

    /// A request's head, up to but without the empty line, so that fields can be added.
    static func request(
        _ bytes: Span<UInt8>, _ head: RequestHead, fields: [Field], to destination: Destination,
        from client: Forwarding, identity: RequestIdentity, into out: Buffer
    ) {
        out.append(bytes, head.methodText)
        out.append(Octet.space)
        writeTarget(bytes, head, destination, into: out)
        out.append(" HTTP/1.1\r\n")
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: out)
        // HTTP/1.0 may leave it out, HTTP/1.1 may not (RFC 9112 section 3.2).
        if head.facts.host == nil { out.append("Host: \r\n") }
        if let upgrade = head.upgrade {
            out.append("Connection: Upgrade\r\nUpgrade: ")
            out.append(upgrade)
            out.append("\r\n")
        }
        out.append(client.lines)
        if !client.isKept, let host = head.facts.host, !host.isEmpty {
            out.append("X-Forwarded-Host: ")
            out.append(bytes, host)
            out.append("\r\n")
        }
        if !head.facts.hasRequestID {
            out.append("X-Request-Id: ")
            identity.writeRequestID(into: out)
            out.append("\r\n")
        }
        if !head.facts.hasTraceparent {
            out.append("traceparent: ")
            identity.writeTraceparent(into: out)
            out.append("\r\n")
        }
    }

    /// A response's head, up to but without the empty line, so that fields can be added.
    static func response(
        _ bytes: Span<UInt8>, _ head: ResponseHead, fields: [Field], into out: Buffer
    ) {
        out.append("HTTP/1.1")
        out.append(bytes, ByteRange(8, head.fieldsStart))
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: out)
    }

    /// Content as one chunk (RFC 9112 section 7.1); nothing for none, because that would be the last one.
    static func chunk(_ content: Span<UInt8>, into out: Buffer) {
        guard !content.isEmpty else { return }
        writeHexadecimal(content.count, into: out)
        out.append("\r\n")
        out.append(content)
        out.append("\r\n")
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)

    /// `Server-Timing`, so that a user sees a cold start and not a mystery. Times in microseconds.
    static func serverTiming(queue: UInt64, start: UInt64, function: UInt64, into out: Buffer) {
        out.append("Server-Timing: queue;dur=")
        writeMilliseconds(queue, into: out)
        out.append(", start;dur=")
        writeMilliseconds(start, into: out)
        out.append(", function;dur=")
        writeMilliseconds(function, into: out)
        out.append("\r\n")
    }

    private static func writeTarget(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ destination: Destination, into out: Buffer
    ) {
        guard let path = destination.path else {
            out.append(bytes, head.target)
            return
        }
        let rest = ByteRange(destination.rest, head.path.upper)
        // A target path's own trailing slash gives way to the one that the rest begins with.
        if !rest.isEmpty, path.last == Octet.slash {
            out.append(path.span.extracting(droppingLast: 1))
        } else {
            out.append(path)
        }
        out.append(bytes, rest)
        out.append(bytes, ByteRange(head.path.upper, head.target.upper))
    }

    /// Copies the fields in as few runs as there are gaps.
    private static func writeKept(_ bytes: Span<UInt8>, from: Int, fields: [Field], into out: Buffer) {
        var runStart = from
        var position = from
        for field in fields {
            if field.isDropped {
                out.append(bytes, ByteRange(runStart, position))
                runStart = Int(field.lineEnd)
            }
            position = Int(field.lineEnd)
        }
        out.append(bytes, ByteRange(runStart, position))
    }

    private static func writeMilliseconds(_ microseconds: UInt64, into out: Buffer) {
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
