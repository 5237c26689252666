import F2SModel

extension HeadScanner {
    /// Reads the field lines up to the empty line.
    mutating func readFields(
        _ bytes: Span<UInt8>, from: Int, to length: Int, isRequest: Bool, into known: inout KnownHeaders
    ) throws(HeadError) {
        fields.removeAll()
        var start = from
        while start &+ 2 <= length {
            if bytes[start] == Octet.carriageReturn, bytes[start &+ 1] == Octet.lineFeed {
                return try dropConnectionFields(bytes, &known)
            }
            guard fields.count < limits.fieldsMax else { throw .tooLarge(.fields(countMax: limits.fieldsMax)) }
            let nameEnd = bytes.tokenEnd(from: start, to: length)
            // Also rejects a folded line, which begins with a space, and a space before the colon.
            guard nameEnd > start, nameEnd < length, bytes[nameEnd] == Octet.colon else {
                throw .malformed("A field name is not a token followed by a colon")
            }
            let end = bytes.fieldContentEnd(from: nameEnd &+ 1, to: length)
            guard end &+ 1 < length, bytes[end] == Octet.carriageReturn, bytes[end &+ 1] == Octet.lineFeed else {
                guard bytes[end] != Octet.lineFeed else { throw .bareLineFeed }
                throw .malformed("A field value holds a control character")
            }
            let lineEnd = end &+ 2
            var field = Field(
                name: ByteRange(start, nameEnd), value: bytes.trimmed(ByteRange(nameEnd &+ 1, end)),
                lineEnd: Int32(truncatingIfNeeded: lineEnd), isDropped: false)
            try noteHop(bytes, &field, &known)
            if isRequest {
                try noteRequest(bytes, &field, &known)
            } else {
                Self.noteResponse(bytes, &field, &known)
            }
            fields.append(field)
            start = lineEnd
        }
        throw .malformed("The head has no empty line at its end")
    }

    /// Drops every field with this name, in lower case, from the forwarded head.
    mutating func drop(_ name: StaticString, _ bytes: Span<UInt8>) {
        for index in fields.indices where bytes.isCaseInsensitively(name, in: fields[index].name) {
            fields[index].isDropped = true
        }
    }

    /// Keeps every field with this name, in lower case, although it was dropped.
    mutating func keep(_ name: StaticString, _ bytes: Span<UInt8>) {
        for index in fields.indices where bytes.isCaseInsensitively(name, in: fields[index].name) {
            fields[index].isDropped = false
        }
    }

    /// Reads a field that concerns the connection or the framing, in requests and responses alike.
    private func noteHop(_ bytes: Span<UInt8>, _ field: inout Field, _ known: inout KnownHeaders) throws(HeadError) {
        let name = field.name
        switch name.count {
        case 4: if bytes.isCaseInsensitively("date", in: name) { known.hasDate = true }
        case 7:
            if bytes.isCaseInsensitively("upgrade", in: name) {
                known.hasSeveralUpgrades = known.upgrade != nil
                known.upgrade = field.value
                field.isDropped = true
            }
        case 10:
            if bytes.isCaseInsensitively("connection", in: name) {
                noteConnection(bytes, field.value, &known)
                field.isDropped = true
            } else if bytes.isCaseInsensitively("keep-alive", in: name) {
                field.isDropped = true
            }
        case 14: try noteLength(bytes, &field, &known)
        case 16: if bytes.isCaseInsensitively("proxy-connection", in: name) { field.isDropped = true }
        case 17: try noteTransferEncoding(bytes, field, &known)
        default: break
        }
    }

    /// Reads a field of a response that concerns other pages of the same host.
    private static func noteResponse(_ bytes: Span<UInt8>, _ field: inout Field, _ known: inout KnownHeaders) {
        switch field.name.count {
        case 10: if bytes.isCaseInsensitively("set-cookie", in: field.name) { known.hasCookies = true }
        case 22:
            guard bytes.isCaseInsensitively("service-worker-allowed", in: field.name) else { return }
            if !ServiceWorkerScope.isOfFunctions(bytes, field.value) { field.isDropped = true }
        default: break
        }
    }

    /// Reads a field of a request that F2S itself needs, and drops it if F2S replaces it.
    private func noteRequest(_ bytes: Span<UInt8>, _ field: inout Field, _ known: inout KnownHeaders)
        throws(HeadError)
    {
        let name = field.name
        if Self.saysOrigin(bytes, name) { field.isDropped = true }
        switch name.count {
        case 2:
            if bytes.isCaseInsensitively("te", in: name) {
                field.isDropped = true
                // Chunks are passed on with their trailers. Nothing else that this field may name is.
                Self.eachElement(bytes, field.value) { element in
                    if bytes.isCaseInsensitively("trailers", in: element) { known.takesTrailers = true }
                }
            }
        case 4:
            if bytes.isCaseInsensitively("host", in: name) {
                guard known.host == nil else { throw .malformed("There are two Host fields") }
                guard isAuthority(bytes, field.value) else { throw .malformed("The Host field is not a host and port") }
                known.host = field.value
            }
        case 6:
            if bytes.isCaseInsensitively("expect", in: name) {
                known.expectsContinue = bytes.isCaseInsensitively("100-continue", in: field.value)
                field.isDropped = known.expectsContinue
            } else if bytes.isCaseInsensitively("cookie", in: name) {
                known.hasCookies = true
            }
        case 10: field.isDropped = field.isDropped || Self.saysCaller(bytes, name)
        case 11:
            if bytes.isCaseInsensitively("traceparent", in: name) {
                known.hasTraceparent = true
            } else if bytes.isCaseInsensitively(PeerTokenVerifier.name, in: name) {
                field.isDropped = true
            }
        case 12:
            if bytes.isCaseInsensitively("x-request-id", in: name) {
                known.hasRequestID = true
            } else if bytes.isCaseInsensitively(FunctionField.name, in: name) {
                guard known.function == nil else { throw .malformed("There are two F2S-Function fields") }
                known.function = field.value
                field.isDropped = true
            } else if Self.saysCaller(bytes, name) {
                field.isDropped = true
            }
        case 13:
            if bytes.isCaseInsensitively("authorization", in: name) {
                guard known.authorization == nil else { throw .malformed("There are two Authorization fields") }
                known.authorization = field.value
            }
        case 29:
            if bytes.isCaseInsensitively("access-control-request-method", in: name) {
                known.preflightMethod = Self.method(bytes, field.value)
            }
        // Programs that read fields as environment variables do not distinguish an underscore from a dash, so they
        // would read these as framing fields.
        case 14:
            if bytes.isCaseInsensitively("content_length", in: name) {
                throw .malformed("A field is named like Content-Length, with an underscore")
            }
        case 17:
            if bytes.isCaseInsensitively("transfer_encoding", in: name) {
                throw .malformed("A field is named like Transfer-Encoding, with an underscore")
            }
        default: break
        }
    }

    /// Returns true if a Host value is valid. F2S copies it into X-Forwarded-Host, which upstreams trust.
    private func isAuthority(_ bytes: Span<UInt8>, _ value: ByteRange) -> Bool {
        for index in value.lower..<value.upper where !Octet.isAuthority(bytes[index]) { return false }
        return true
    }

    private static let forwardedPrefix: StaticString = "x-forwarded-"
    private static let forwardedPrefixCount = 12

    /// Returns true if a field reports the origin of a request. F2S replaces it: a client must not be able to forge it.
    @inline(__always)
    static func saysOrigin(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        if bytes.isCaseInsensitively("forwarded", in: name) { return true }
        guard name.count > forwardedPrefixCount, Octet.lowercased(bytes[name.lower]) == UInt8(ascii: "x") else {
            return false
        }
        return isRead(bytes, name, as: forwardedPrefix)
    }

    /// Returns true if programs may read the beginning of a name as this text, in lower case. Those that read fields as
    /// environment variables do not distinguish an underscore, and PHP not even a dot, from a dash.
    private static func isRead(_ bytes: Span<UInt8>, _ name: ByteRange, as text: StaticString) -> Bool {
        text.withUTF8Buffer { text in
            guard name.count >= text.count else { return false }
            for index in text.indices {
                let byte = Octet.lowercased(bytes[name.lower + index])
                guard byte != text[index] else { continue }
                let isLikeDash = byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                guard isLikeDash, text[index] == UInt8(ascii: "-") else { return false }
            }
            return true
        }
    }

    private static let userField: StaticString = "x-f2s-user"
    private static let groupsField: StaticString = "x-f2s-groups"

    /// Returns true if a field names the caller. F2S replaces it: a client must not be able to forge it.
    static func saysCaller(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        switch name.count {
        case userField.utf8CodeUnitCount: isRead(bytes, name, as: userField)
        case groupsField.utf8CodeUnitCount: isRead(bytes, name, as: groupsField)
        default: false
        }
    }

    private func noteLength(
        _ bytes: Span<UInt8>, _ field: inout Field, _ known: inout KnownHeaders
    ) throws(HeadError) {
        guard bytes.isCaseInsensitively("content-length", in: field.name) else { return }
        guard (1...18).contains(field.value.count) else { throw .malformed("Content-Length is not a number") }
        var length = 0
        for index in field.value.lower..<field.value.upper {
            guard (48...57).contains(bytes[index]) else { throw .malformed("Content-Length is not a number") }
            length = length * 10 + Int(bytes[index] - 48)
        }
        guard known.contentLength == nil else { throw .malformed("There are two Content-Length fields") }
        guard !known.isChunked else { throw .malformed("Content-Length occurs with Transfer-Encoding") }
        known.contentLength = length
        // Some parsers read a number with a leading zero as octal.
        if field.value.count > 1, bytes[field.value.lower] == UInt8(ascii: "0") {
            known.rewritesLength = true
            field.isDropped = true
        }
    }

    private func noteTransferEncoding(_ bytes: Span<UInt8>, _ field: Field, _ known: inout KnownHeaders)
        throws(HeadError)
    {
        guard bytes.isCaseInsensitively("transfer-encoding", in: field.name) else { return }
        guard !known.isChunked, bytes.isCaseInsensitively("chunked", in: field.value) else {
            throw .malformed("Transfer-Encoding is not chunked")
        }
        guard known.contentLength == nil else { throw .malformed("Content-Length occurs with Transfer-Encoding") }
        known.isChunked = true
    }

    private func noteConnection(_ bytes: Span<UInt8>, _ value: ByteRange, _ known: inout KnownHeaders) {
        // The usual values name no field.
        if bytes.isCaseInsensitively("keep-alive", in: value) {
            known.saysKeepAlive = true
            return
        }
        if bytes.isCaseInsensitively("close", in: value) {
            known.saysClose = true
            return
        }
        Self.eachElement(bytes, value) { element in
            if bytes.isCaseInsensitively("close", in: element) {
                known.saysClose = true
            } else if bytes.isCaseInsensitively("keep-alive", in: element) {
                known.saysKeepAlive = true
            } else if bytes.isCaseInsensitively("upgrade", in: element) {
                known.saysUpgrade = true
            } else {
                known.namesFields = true
            }
        }
    }

    /// Drops the fields that a Connection field names (RFC 9110 section 7.6.1), but no framing or other protected
    /// field.
    private mutating func dropConnectionFields(_ bytes: Span<UInt8>, _ known: inout KnownHeaders) throws(HeadError) {
        guard known.namesFields else { return }
        var named = 0
        for index in fields.indices where bytes.isCaseInsensitively("connection", in: fields[index].name) {
            Self.eachElement(bytes, fields[index].value) { element in
                named += 1
                // Without the bound, the cost of a head would grow with the square of its length.
                if named <= limits.fieldsMax { drop(element, bytes, &known) }
            }
        }
        guard named <= limits.fieldsMax else { throw .malformed("Connection names more fields than a head may have") }
    }

    private mutating func drop(_ name: ByteRange, _ bytes: Span<UInt8>, _ known: inout KnownHeaders) {
        for index in fields.indices where !fields[index].isDropped && bytes.isSameName(fields[index].name, name) {
            if Self.isProtected(bytes, name) { return }
            fields[index].isDropped = true
            if bytes.isCaseInsensitively("date", in: name) { known.hasDate = false }
            if bytes.isCaseInsensitively("traceparent", in: name) { known.hasTraceparent = false }
            if bytes.isCaseInsensitively("x-request-id", in: name) { known.hasRequestID = false }
        }
    }

    private static func isProtected(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        bytes.isCaseInsensitively("host", in: name) || bytes.isCaseInsensitively("content-length", in: name)
            || bytes.isCaseInsensitively("transfer-encoding", in: name)
            || bytes.isCaseInsensitively("content-type", in: name)
            || bytes.isCaseInsensitively("authorization", in: name)
    }

    static func eachElement(_ bytes: Span<UInt8>, _ list: ByteRange, _ body: (ByteRange) -> Void) {
        var start = list.lower
        var index = start
        while index <= list.upper {
            if index == list.upper || bytes[index] == Octet.comma {
                let element = bytes.trimmed(ByteRange(start, index))
                if !element.isEmpty { body(element) }
                start = index + 1
            }
            index += 1
        }
    }
}
