import NIOCore

/// Writes heads: what arrived, as bytes, less what must not be forwarded, plus what F2S adds.
enum HeadComposer {
    /// What a client connection adds to every request of its own.
    struct Forwarding {
        let addressText: String
        let isIPv6: Bool

        init(_ address: SocketAddress?) {
            addressText = address?.ipAddress ?? "unknown"
            isIPv6 = addressText.contains(":")
        }
    }

    /// Where a request goes on the replica: path, rest of the public path, query.
    struct Destination {
        /// `nil`: the public target unchanged.
        let path: [UInt8]?
        /// Where the rest begins in the request's bytes.
        let rest: Int
    }

    static func request(
        _ bytes: Span<UInt8>, _ head: RequestHead, fields: [Field], to destination: Destination,
        from client: Forwarding,
        identity: RequestIdentity, into out: inout ByteBuffer
    ) {
        write(bytes, head.methodText, into: &out)
        out.writeInteger(Octet.space)
        writeTarget(bytes, head, destination, into: &out)
        out.writeStaticString(" HTTP/1.1\r\n")
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: &out)
        // HTTP/1.0 may leave it out, HTTP/1.1 may not (RFC 9112 section 3.2).
        if head.facts.host == nil { out.writeStaticString("Host: \r\n") }
        if head.isUpgrade, let upgrade = head.facts.upgrade {
            out.writeStaticString("Connection: Upgrade\r\nUpgrade: ")
            write(bytes, upgrade, into: &out)
            out.writeStaticString("\r\n")
        }
        out.writeStaticString("X-Forwarded-For: ")
        out.writeString(client.addressText)
        out.writeStaticString("\r\nX-Forwarded-Proto: http\r\nForwarded: for=")
        out.writeString(client.isIPv6 ? "\"[\(client.addressText)]\"" : client.addressText)
        out.writeStaticString(";proto=http\r\n")
        if let host = head.facts.host, !host.isEmpty {
            out.writeStaticString("X-Forwarded-Host: ")
            write(bytes, host, into: &out)
            out.writeStaticString("\r\n")
        }
        if !head.facts.hasRequestID {
            out.writeStaticString("X-Request-Id: ")
            identity.writeRequestID(into: &out)
            out.writeStaticString("\r\n")
        }
        if !head.facts.hasTraceparent {
            out.writeStaticString("traceparent: ")
            identity.writeTraceparent(into: &out)
            out.writeStaticString("\r\n")
        }
        out.writeStaticString("\r\n")
    }

    /// A response's head, up to but without the empty line, so that fields can be added.
    static func response(
        _ bytes: Span<UInt8>, _ head: ResponseHead, fields: [Field], into out: inout ByteBuffer
    ) {
        out.writeStaticString("HTTP/1.1")
        write(bytes, ByteRange(8, head.fieldsStart), into: &out)
        writeKept(bytes, from: head.fieldsStart, fields: fields, into: &out)
    }

    /// `Server-Timing`, so that a user sees a cold start and not a mystery. Times in microseconds.
    static func serverTiming(queue: UInt64, start: UInt64, function: UInt64, into out: inout ByteBuffer) {
        out.writeStaticString("Server-Timing: queue;dur=")
        writeMilliseconds(queue, into: &out)
        out.writeStaticString(", start;dur=")
        writeMilliseconds(start, into: &out)
        out.writeStaticString(", function;dur=")
        writeMilliseconds(function, into: &out)
        out.writeStaticString("\r\n")
    }

    private static func writeTarget(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ destination: Destination, into out: inout ByteBuffer
    ) {
        guard let path = destination.path else {
            write(bytes, head.target, into: &out)
            return
        }
        let rest = ByteRange(destination.rest, head.path.upper)
        // A target path's own trailing slash gives way to the one that the rest begins with.
        if !rest.isEmpty, path.last == Octet.slash { out.writeBytes(path.dropLast()) } else { out.writeBytes(path) }
        write(bytes, rest, into: &out)
        write(bytes, ByteRange(head.path.upper, head.target.upper), into: &out)
    }

    /// Copies the fields in as few runs as there are gaps.
    private static func writeKept(_ bytes: Span<UInt8>, from: Int, fields: [Field], into out: inout ByteBuffer) {
        var runStart = from
        var position = from
        for field in fields {
            if field.isDropped {
                write(bytes, ByteRange(runStart, position), into: &out)
                runStart = Int(field.lineEnd)
            }
            position = Int(field.lineEnd)
        }
        write(bytes, ByteRange(runStart, position), into: &out)
    }

    private static func write(_ bytes: Span<UInt8>, _ range: ByteRange, into out: inout ByteBuffer) {
        guard !range.isEmpty else { return }
        out.writeBytes(bytes.extracting(range.lower..<range.upper).bytes)
    }

    private static func writeMilliseconds(_ microseconds: UInt64, into out: inout ByteBuffer) {
        writeDecimal(microseconds / 1000, into: &out)
        let fraction = microseconds % 1000
        out.writeInteger(UInt8(ascii: "."))
        out.writeInteger(UInt8(truncatingIfNeeded: 48 + fraction / 100))
        out.writeInteger(UInt8(truncatingIfNeeded: 48 + fraction / 10 % 10))
        out.writeInteger(UInt8(truncatingIfNeeded: 48 + fraction % 10))
    }

    static func writeDecimal(_ number: UInt64, into out: inout ByteBuffer) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            out.writeInteger(UInt8(truncatingIfNeeded: 48 + number / divisor % 10))
            divisor /= 10
        }
    }
}
