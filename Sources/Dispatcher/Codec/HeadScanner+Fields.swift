import F2SModel

extension HeadScanner {
    /// Reads the field lines up to the empty line.
    mutating func readFields(
        _ bytes: Span<UInt8>, from: Int, to length: Int, isRequest: Bool
    ) throws(HeadError) -> FieldFacts {
        fields.removeAll(keepingCapacity: true)
        var facts = FieldFacts()
        var start = from
        while start &+ 2 <= length {
            if bytes[start] == Octet.carriageReturn, bytes[start &+ 1] == Octet.lineFeed {
                try dropConnectionFields(bytes, &facts)
                return facts
            }
            guard fields.count < limits.fieldsMax else { throw .tooLarge(.fields(countMax: limits.fieldsMax)) }
            let nameEnd = bytes.tokenEnd(from: start, to: length)
            // Covers a folded line (it begins with a space) and a space before the colon.
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
            try noteHop(bytes, &field, &facts)
            if isRequest { try noteRequest(bytes, &field, &facts) }
            fields.append(field)
            start = lineEnd
        }
        throw .malformed("The head has no empty line at its end")
    }

    /// Drops every field of that name, in lower case, from what is forwarded.
    mutating func drop(_ name: StaticString, _ bytes: Span<UInt8>) {
        for index in fields.indices where bytes.isCaseInsensitively(name, in: fields[index].name) {
            fields[index].isDropped = true
        }
    }

    /// Lets every field of that name, in lower case, go through after all.
    mutating func keep(_ name: StaticString, _ bytes: Span<UInt8>) {
        for index in fields.indices where bytes.isCaseInsensitively(name, in: fields[index].name) {
            fields[index].isDropped = false
        }
    }

    /// Takes what concerns the connection and the framing, in requests and responses alike.
    private func noteHop(_ bytes: Span<UInt8>, _ field: inout Field, _ facts: inout FieldFacts) throws(HeadError) {
        let name = field.name
        switch name.count {
        case 4: if bytes.isCaseInsensitively("date", in: name) { facts.hasDate = true }
        case 7:
            if bytes.isCaseInsensitively("upgrade", in: name) {
                facts.hasSeveralUpgrades = facts.upgrade != nil
                facts.upgrade = field.value
                field.isDropped = true
            }
        case 10:
            if bytes.isCaseInsensitively("connection", in: name) {
                noteConnection(bytes, field.value, &facts)
                field.isDropped = true
            } else if bytes.isCaseInsensitively("keep-alive", in: name) {
                field.isDropped = true
            }
        case 14: try noteLength(bytes, &field, &facts)
        case 16: if bytes.isCaseInsensitively("proxy-connection", in: name) { field.isDropped = true }
        case 17: try noteTransferEncoding(bytes, field, &facts)
        default: break
        }
    }

    /// Takes what F2S itself needs of a request, and marks what it replaces.
    private func noteRequest(_ bytes: Span<UInt8>, _ field: inout Field, _ facts: inout FieldFacts) throws(HeadError) {
        let name = field.name
        if Self.saysOrigin(bytes, name) { field.isDropped = true }
        switch name.count {
        case 2:
            if bytes.isCaseInsensitively("te", in: name) {
                field.isDropped = true
                // Chunks pass through with their trailers. Nothing else that a client may name there does.
                Self.eachElement(bytes, field.value) { element in
                    if bytes.isCaseInsensitively("trailers", in: element) { facts.takesTrailers = true }
                }
            }
        case 4:
            if bytes.isCaseInsensitively("host", in: name) {
                guard facts.host == nil else { throw .malformed("There are two Host fields") }
                guard isAuthority(bytes, field.value) else { throw .malformed("The Host field is not a host and port") }
                facts.host = field.value
            }
        case 6:
            if bytes.isCaseInsensitively("expect", in: name) {
                facts.expectsContinue = bytes.isCaseInsensitively("100-continue", in: field.value)
                field.isDropped = facts.expectsContinue
            }
        case 11:
            if bytes.isCaseInsensitively("traceparent", in: name) {
                facts.hasTraceparent = true
            } else if bytes.isCaseInsensitively(InternalToken.name, in: name) {
                field.isDropped = true
            }
        case 12:
            if bytes.isCaseInsensitively("x-request-id", in: name) {
                facts.hasRequestID = true
            } else if bytes.isCaseInsensitively(FunctionField.name, in: name) {
                guard facts.function == nil else { throw .malformed("There are two F2S-Function fields") }
                facts.function = field.value
                field.isDropped = true
            }
        case 13:
            if bytes.isCaseInsensitively("authorization", in: name) {
                guard facts.authorization == nil else { throw .malformed("There are two Authorization fields") }
                facts.authorization = field.value
            }
        case 29:
            if bytes.isCaseInsensitively("access-control-request-method", in: name) {
                facts.preflightMethod = Self.method(bytes, field.value)
            }
        // Programs that read fields as environment variables take an underscore for a dash, and so these for framing.
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

    /// Whether a Host value can be one: it is copied into X-Forwarded-Host, and behind us its origin is trusted.
    private func isAuthority(_ bytes: Span<UInt8>, _ value: ByteRange) -> Bool {
        for index in value.lower..<value.upper where !Octet.isAuthority(bytes[index]) { return false }
        return true
    }

    private static let forwardedPrefix: StaticString = "x-forwarded-"
    private static let forwardedPrefixCount = 12

    /// Whether a field says where a request came from. It is replaced: a client must not be able to claim it.
    @inline(__always)
    static func saysOrigin(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        if bytes.isCaseInsensitively("forwarded", in: name) { return true }
        guard name.count > forwardedPrefixCount, Octet.lowercased(bytes[name.lower]) == UInt8(ascii: "x") else {
            return false
        }
        // Programs that read fields as environment variables take an underscore for a dash.
        return forwardedPrefix.withUTF8Buffer { prefix in
            for index in prefix.indices {
                let byte = Octet.lowercased(bytes[name.lower + index])
                if byte != prefix[index], !(byte == UInt8(ascii: "_") && prefix[index] == UInt8(ascii: "-")) {
                    return false
                }
            }
            return true
        }
    }

    private func noteLength(
        _ bytes: Span<UInt8>, _ field: inout Field, _ facts: inout FieldFacts
    ) throws(HeadError) {
        guard bytes.isCaseInsensitively("content-length", in: field.name) else { return }
        guard (1...18).contains(field.value.count) else { throw .malformed("Content-Length is not a number") }
        var length = 0
        for index in field.value.lower..<field.value.upper {
            guard (48...57).contains(bytes[index]) else { throw .malformed("Content-Length is not a number") }
            length = length * 10 + Int(bytes[index] - 48)
        }
        guard facts.contentLength == nil else { throw .malformed("There are two Content-Length fields") }
        guard !facts.isChunked else { throw .malformed("Content-Length stands with Transfer-Encoding") }
        facts.contentLength = length
        // Some readers take a number with a zero in front for an octal one.
        if field.value.count > 1, bytes[field.value.lower] == UInt8(ascii: "0") {
            facts.rewritesLength = true
            field.isDropped = true
        }
    }

    private func noteTransferEncoding(_ bytes: Span<UInt8>, _ field: Field, _ facts: inout FieldFacts) throws(HeadError)
    {
        guard bytes.isCaseInsensitively("transfer-encoding", in: field.name) else { return }
        guard !facts.isChunked, bytes.isCaseInsensitively("chunked", in: field.value) else {
            throw .malformed("Transfer-Encoding is something else than chunked")
        }
        guard facts.contentLength == nil else { throw .malformed("Content-Length stands with Transfer-Encoding") }
        facts.isChunked = true
    }

    private func noteConnection(_ bytes: Span<UInt8>, _ value: ByteRange, _ facts: inout FieldFacts) {
        // The usual values name no field.
        if bytes.isCaseInsensitively("keep-alive", in: value) {
            facts.saysKeepAlive = true
            return
        }
        if bytes.isCaseInsensitively("close", in: value) {
            facts.saysClose = true
            return
        }
        Self.eachElement(bytes, value) { element in
            if bytes.isCaseInsensitively("close", in: element) {
                facts.saysClose = true
            } else if bytes.isCaseInsensitively("keep-alive", in: element) {
                facts.saysKeepAlive = true
            } else if bytes.isCaseInsensitively("upgrade", in: element) {
                facts.saysUpgrade = true
            } else {
                facts.namesFields = true
            }
        }
    }

    /// Drops the fields that a Connection field names (RFC 9110 section 7.6.1). Framing fields cannot be named away.
    private mutating func dropConnectionFields(_ bytes: Span<UInt8>, _ facts: inout FieldFacts) throws(HeadError) {
        guard facts.namesFields else { return }
        var named = 0
        for index in fields.indices where bytes.isCaseInsensitively("connection", in: fields[index].name) {
            Self.eachElement(bytes, fields[index].value) { element in
                named += 1
                // The bound keeps a head from costing the square of its length.
                if named <= limits.fieldsMax { drop(element, bytes, &facts) }
            }
        }
        guard named <= limits.fieldsMax else { throw .malformed("Connection names more fields than a head may have") }
    }

    private mutating func drop(_ name: ByteRange, _ bytes: Span<UInt8>, _ facts: inout FieldFacts) {
        for index in fields.indices where !fields[index].isDropped && bytes.isSameName(fields[index].name, name) {
            if Self.isProtected(bytes, name) { return }
            fields[index].isDropped = true
            if bytes.isCaseInsensitively("date", in: name) { facts.hasDate = false }
            if bytes.isCaseInsensitively("traceparent", in: name) { facts.hasTraceparent = false }
            if bytes.isCaseInsensitively("x-request-id", in: name) { facts.hasRequestID = false }
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
