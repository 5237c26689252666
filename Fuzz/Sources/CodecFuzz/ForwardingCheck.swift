import F2SModel

/// Compares forwarded heads with received ones. The codec and llhttp must both read a composed head as one message with
/// the same framing; otherwise the next reader would see a different message.
struct ForwardingCheck {
    private var scanner = HeadScanner(limits: CodecReader.limits)
    private let out = Buffer(capacity: 64)
    private let client = ClientAddress(IPAddress(high: 0x2001_0DB8_0000_0000, low: 1))
    private let identity = RequestIdentity(high: 1, low: 2, span: 3)
    private var forwarded = Trace()

    /// Composes the head of every message of a stream and compares it with the original.
    mutating func check(
        _ trace: Trace, of stream: Span<UInt8>, _ circumstances: Circumstances, with comparison: inout Comparison
    ) throws(Finding) {
        for message in trace.messages {
            let bytes = stream.extracting(message.start..<message.headEnd)
            let target = try compose(message, bytes, isRouted: circumstances.seed & 1 == 1)
            let circumstances = Circumstances(answering: message)
            try out.withBytes { (composed: Span<UInt8>) throws(Finding) in
                var reader = CodecReader(circumstances, limits: CodecReader.forwardedLimits)
                try reader.read(composed, in: .whole, into: &forwarded)
                do throws(Finding) {
                    try compare(message, trace, stream, composed, target: target)
                    try comparison.check(forwarded, of: composed, circumstances)
                } catch {
                    throw Finding("Forwarded as\n\(composed.escaped)\nit is another message: \(error.text)")
                }
            }
        }
    }

    /// Composes a head into `out`.
    /// - Returns: The target that the composed head must have; empty for a response.
    private mutating func compose(
        _ message: Trace.Message, _ bytes: Span<UInt8>, isRouted: Bool
    ) throws(Finding) -> [UInt8] {
        out.clear()
        do throws(HeadError) {
            guard message.status == 0 else {
                let head = try scanner.response(bytes, length: bytes.count)
                HeadComposer.response(bytes, head, fields: scanner.fields, into: out)
                out.append("\r\n")
                return []
            }
            let head = try scanner.request(bytes, length: bytes.count)
            var rest = head.path.lower
            let path: [UInt8]? = isRouted && bytes[rest] == Octet.slash ? Array("/to/".utf8) : nil
            var target: [UInt8] = []
            if path != nil {
                // The rest of the path begins with a slash or is empty, as it is with a route.
                rest = head.path.upper
                for index in head.path.lower..<head.path.upper where bytes[index] == Octet.slash { rest = index }
                target = Array((rest == head.path.upper ? "/to/" : "/to").utf8)
            }
            if path == nil, head.path.isEmpty { target.append(Octet.slash) }
            for index in rest..<head.target.upper {
                if bytes[index] > 127 {
                    target += Array("%\(String(bytes[index], radix: 16, uppercase: true))".utf8)
                } else {
                    target.append(bytes[index])
                }
            }
            HeadComposer.request(
                bytes, head, fields: scanner.fields, to: .init(path: path, rest: rest), from: .init(client: client),
                identity: identity, into: out)
            out.append("\r\n")
            return target
        } catch {
            throw Finding("The codec accepted a head and rejects it when it reads it again: \(error)")
        }
    }

    private func compare(
        _ message: Trace.Message, _ trace: Trace, _ stream: Span<UInt8>, _ composed: Span<UInt8>, target: [UInt8]
    ) throws(Finding) {
        guard forwarded.messages.count == 1, let again = forwarded.messages.first, again.headEnd == composed.count
        else {
            throw Finding("It is read as \(forwarded)")
        }
        guard again.framing == message.framing, again.status == message.status, again.isUpgrade == message.isUpgrade,
            again.isPersistent || again.framing == .untilClose
        else { throw Finding("It was \(message) and is \(again)") }
        guard stream.isSame(message.methodText, as: again.methodText, in: composed),
            composed.isBytes(target, from: 0, in: again.target), target.count == again.target.count
        else { throw Finding("The method or the target differs") }
        var index = again.fields.lowerBound
        for field in trace.fields[message.fields] where !field.isDropped {
            guard index < again.fields.upperBound,
                stream.isSame(field.name, as: forwarded.fields[index].name, in: composed),
                stream.isSame(field.value, as: forwarded.fields[index].value, in: composed)
            else { throw Finding("The field \(stream.quoted(field.name)) is missing") }
            index += 1
        }
        try checkAdded(again, composed)
    }

    /// Checks that no field with the client's own claims about its origin is forwarded, and no field that concerns only
    /// its connection.
    private func checkAdded(_ message: Trace.Message, _ composed: Span<UInt8>) throws(Finding) {
        guard message.status == 0 else { return }
        for (name, count) in Self.counts(isUpgrade: message.isUpgrade) {
            var found = 0
            for field in forwarded.fields where composed.isCaseInsensitively(name, in: field.name) { found += 1 }
            guard count.contains(found) else { throw Finding("\(name) occurs \(found) times") }
        }
        // F2S adds the address, the protocol, and the host if it is not empty.
        var claims = 0
        for field in forwarded.fields where isClaim(field.name, composed) { claims += 1 }
        for field in forwarded.fields
        where composed.isCaseInsensitively("host", in: field.name) && !field.value.isEmpty { claims -= 1 }
        guard claims == 2 else { throw Finding("\(claims - 2) fields X-Forwarded-* are not from F2S") }
    }

    private func isClaim(_ name: ByteRange, _ composed: Span<UInt8>) -> Bool {
        guard name.count > 12, Octet.lowercased(composed[name.lower]) == UInt8(ascii: "x") else { return false }
        let prefix = composed.text(name).lowercased().prefix(12)
        // Programs that read fields as environment variables cannot distinguish `_` and `-`.
        return String(prefix.map { $0 == "_" ? "-" : $0 }) == "x-forwarded-"
    }

    private static func counts(isUpgrade: Bool) -> [(StaticString, ClosedRange<Int>)] {
        [
            ("host", 1...1), ("x-forwarded-for", 1...1), ("x-forwarded-proto", 1...1), ("forwarded", 1...1),
            ("x-forwarded-host", 0...1), ("connection", isUpgrade ? 1...1 : 0...1), ("te", 0...1),
            ("upgrade", isUpgrade ? 1...1 : 0...0), ("keep-alive", 0...0), ("proxy-connection", 0...0),
            ("content-length", 0...1), ("transfer-encoding", 0...1), ("authorization", 0...1),
            ("x-request-id", 1...Int.max), ("traceparent", 1...Int.max),
        ]
    }
}

extension Circumstances {
    /// Creates the settings for reading a single message again.
    init(answering message: Trace.Message) {
        let isResponse: UInt8 = message.status == 0 ? 0 : 1
        self.init(isResponse | (message.isAnswerToHead ? 6 : 0), 0)
    }
}

extension Span<UInt8> {
    /// Returns true if a range holds the same bytes as `otherRange` of `other`.
    func isSame(_ range: ByteRange, as otherRange: ByteRange, in other: Span<UInt8>) -> Bool {
        guard range.count == otherRange.count else { return false }
        for offset in 0..<range.count where self[range.lower + offset] != other[otherRange.lower + offset] {
            return false
        }
        return true
    }
}
