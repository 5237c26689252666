import NIOHTTP1

/// Holds what the codec found against what llhttp finds in the same bytes.
///
/// llhttp is given each message up to its last byte, and then that byte: both agree on where a head or a message ends
/// only if llhttp has not ended it before and has ended it then.
struct Comparison {
    private let llhttp: LlhttpReader
    /// How many messages llhttp must have begun and completed by now.
    private var heads = 0
    private var ends = 0

    init() throws { llhttp = try LlhttpReader() }

    /// Compares message by message, as long as there is something to compare.
    mutating func check(_ trace: Trace, of stream: Span<UInt8>, _ circumstances: Circumstances) throws(Finding) {
        restart(circumstances)
        defer { llhttp.end() }
        var fed = 0
        var isAwaitingResponse = false
        for message in trace.messages {
            if circumstances.isResponse, !isAwaitingResponse {
                llhttp.expectResponse(isAnswerToHead: message.isAnswerToHead)
                isAwaitingResponse = true
            }
            try feedHead(message, trace, stream, from: fed)
            try checkHead(message, trace, stream)
            if !message.isInterim {
                guard message.end != nil || trace.verdict == .open else { return }
                try checkContent(message, trace, stream)
                isAwaitingResponse = false
            }
            fed = message.end ?? stream.count
            if message.end != nil,
                !PermittedDifference.isReadOn(message, trace.fields[message.fields], stream, llhttp.found)
            {
                restart(circumstances)
                isAwaitingResponse = false
            }
        }
        guard trace.verdict == .open else { return }
        try checkRest(stream, trace, circumstances, from: fed)
    }

    private mutating func restart(_ circumstances: Circumstances) {
        llhttp.restart(isResponse: circumstances.isResponse)
        heads = 0
        ends = 0
    }

    // MARK: The head

    private mutating func feedHead(
        _ message: Trace.Message, _ trace: Trace, _ stream: Span<UInt8>, from: Int
    ) throws(Finding) {
        llhttp.feed(stream.extracting(from..<message.start))
        if let head = PermittedDifference.head(message, trace.fields[message.fields], stream) {
            llhttp.feed(head.span.extracting(droppingLast: 1))
        } else {
            llhttp.feed(stream.extracting(message.start..<message.headEnd - 1))
        }
        try expect("before the last byte of the head")
        heads += 1
        if message.end == message.headEnd, !message.isInterim { ends += 1 }
        llhttp.feed(stream.extracting(message.headEnd - 1..<message.headEnd))
        try expect("at the end of the head")
    }

    private func checkHead(_ message: Trace.Message, _ trace: Trace, _ stream: Span<UInt8>) throws(Finding) {
        let found = llhttp.found
        if message.status == 0 {
            let isMethodKnown = PermittedDifference.isKnownMethod(message, stream)
            guard stream.isText(found.method, in: message.methodText) || !isMethodKnown else {
                throw Finding("The method is \(stream.quoted(message.methodText)), for llhttp \(found.method)")
            }
            guard PermittedDifference.isTarget(found.uri, message, stream) else {
                throw Finding("The target is \(stream.quoted(message.targetText)), for llhttp \(found.uri)")
            }
        }
        guard found.status == message.status else {
            throw Finding("The status is \(message.status), for llhttp \(found.status)")
        }
        guard found.version == HTTPVersion(major: 1, minor: message.minorVersion) else {
            throw Finding("The version is 1.\(message.minorVersion), for llhttp \(found.version)")
        }
        try checkFields(trace.fields[message.fields], are: found.headers, in: stream)
        // We may close where llhttp would go on, but must not go on where others close.
        let goesOn = PermittedDifference.goesOn(message, trace.fields[message.fields], stream)
        guard found.isKeepAlive || !message.isPersistent || goesOn else {
            throw Finding("The connection goes on, for llhttp it ends")
        }
    }

    private func checkFields(
        _ fields: ArraySlice<Trace.TracedField>, are headers: HTTPHeaders, in stream: Span<UInt8>
    ) throws(Finding) {
        guard fields.count == headers.count else {
            throw Finding("\(fields.count) fields, for llhttp \(headers.count): \(headers)")
        }
        for (field, header) in zip(fields, headers) {
            guard stream.isText(header.name, in: field.name), stream.isText(header.value, in: field.value) else {
                throw Finding(
                    "A field is \(stream.quoted(field.name)) \(stream.quoted(field.value)), for llhttp \(header)")
            }
        }
    }

    // MARK: The content

    private mutating func checkContent(
        _ message: Trace.Message, _ trace: Trace, _ stream: Span<UInt8>
    ) throws(Finding) {
        let end = message.end ?? stream.count
        guard end > message.headEnd else { return }
        // Extensions of chunks are not passed on, so how another reader takes them makes no difference.
        var start = message.headEnd
        for cut in trace.cuts.ranges where cut.lower >= start && cut.upper <= end {
            llhttp.feed(stream.extracting(start..<cut.lower))
            start = cut.upper
        }
        // The stream may stop inside an extension: then nothing is left.
        let last = max(start, end - 1)
        llhttp.feed(stream.extracting(start..<last))
        try expect("before the last byte of the content")
        if message.end != nil { ends += 1 }
        llhttp.feed(stream.extracting(last..<end))
        try expect("at the end of the content")
        var count = 0
        for run in trace.runs[message.runs] {
            guard stream.isBytes(llhttp.found.content, from: count, in: run) else {
                throw Finding("The content differs at its byte \(count)")
            }
            count += run.count
        }
        guard count == llhttp.found.content.count else {
            throw Finding("The content has \(count) bytes, for llhttp \(llhttp.found.content.count)")
        }
        guard message.end != nil, message.framing == .chunked else { return }
        let contentEnd = trace.runs[message.runs].last.map { $0.upper + 2 } ?? message.headEnd
        try checkTrailers(stream, from: contentEnd, to: end)
    }

    /// The trailers stand between the line of the last chunk and the empty line.
    private func checkTrailers(_ stream: Span<UInt8>, from: Int, to end: Int) throws(Finding) {
        var trailers = llhttp.found.trailers.makeIterator()
        var start = HeadScanner.lineEnd(stream, from, end) ?? end
        while let next = HeadScanner.lineEnd(stream, start, end - 2) {
            var colon = start
            while stream[colon] != Octet.colon { colon += 1 }
            guard let trailer = trailers.next(), stream.isText(trailer.name, in: ByteRange(start, colon)),
                stream.isText(trailer.value, in: stream.trimmed(ByteRange(colon + 1, next - 2)))
            else {
                throw Finding(
                    "A trailer is \(stream.quoted(ByteRange(start, next))), for llhttp \(llhttp.found.trailers)")
            }
            start = next
        }
        guard trailers.next() == nil else { throw Finding("llhttp finds more trailers: \(llhttp.found.trailers)") }
    }

    // MARK: What is left

    /// What is not a whole message for us must not be one for llhttp, unless the end of the connection is its end.
    private mutating func checkRest(
        _ stream: Span<UInt8>, _ trace: Trace, _ circumstances: Circumstances, from: Int
    ) throws(Finding) {
        llhttp.feed(stream.extracting(from...))
        if let last = trace.messages.last, last.end == nil, last.framing == .untilClose { ends += 1 }
        llhttp.feedEnd()
        if llhttp.found.heads == heads, llhttp.found.ends == ends { return }
        // We look at a head when it is complete. What we shall refuse then does not count.
        let isHead = trace.messages.last?.end != nil || trace.messages.isEmpty
        if isHead, !CodecReader.mayAccept(stream.extracting(from...), circumstances) { return }
        throw Finding(
            "At the end \(heads) heads and \(ends) messages, for llhttp \(llhttp.found.heads) and "
                + "\(llhttp.found.ends)")
    }

    private func expect(_ place: String) throws(Finding) {
        let found = llhttp.found
        if let error = found.error { throw Finding("We accept, llhttp refuses \(place): \(error)") }
        guard found.heads == heads, found.ends == ends else {
            throw Finding(
                "\(heads) heads and \(ends) messages \(place), for llhttp \(found.heads) and \(found.ends)")
        }
    }
}

extension Trace.Message {
    /// Whether it is a response that another one follows.
    var isInterim: Bool { (100..<200).contains(status) && status != 101 }
}

extension Span<UInt8> {
    /// Whether a range holds `text`, white space behind it not counted: NIO leaves that where it is. What is no UTF-8
    /// has become U+FFFD in the text.
    func isText(_ text: String, in range: ByteRange) -> Bool {
        let isSame = text.utf8.withContiguousStorageIfAvailable { wanted in
            var count = wanted.count
            while count > 0, wanted[count - 1] == Octet.space || wanted[count - 1] == Octet.tab { count -= 1 }
            guard count == range.count else { return false }
            for index in 0..<count where wanted[index] != self[range.lower + index] { return false }
            return true
        }
        guard isSame != true else { return true }
        let decoded = String(self.text(range))
        return text.utf8.starts(with: decoded.utf8)
            && text.utf8.dropFirst(decoded.utf8.count).allSatisfy { $0 == Octet.space || $0 == Octet.tab }
    }

    /// Whether a range holds the same as the bytes from `start` on.
    func isBytes(_ bytes: [UInt8], from start: Int, in range: ByteRange) -> Bool {
        guard bytes.count - start >= range.count else { return false }
        for offset in 0..<range.count where bytes[start + offset] != self[range.lower + offset] { return false }
        return true
    }
}
