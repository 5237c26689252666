import NIOHTTP1

/// Compares the results of the codec with those of llhttp for the same bytes.
///
/// It feeds llhttp each head and each message up to its last byte, and then the last byte. The two readers agree on the
/// end of a head or message only if llhttp does not end it before that byte and ends it at that byte.
struct Comparison {
    private let llhttp: LlhttpReader
    /// The numbers of messages that llhttp must have begun and completed so far.
    private var heads = 0
    private var ends = 0

    init() throws { llhttp = try LlhttpReader() }

    /// Compares the messages of a trace one after another, then the rest of the stream.
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
        // The codec may close a connection that llhttp would keep open, but must not keep open one that others close.
        let goesOn = PermittedDifference.goesOn(message, trace.fields[message.fields], stream)
        guard found.isKeepAlive || !message.isPersistent || goesOn else {
            throw Finding("The connection persists, for llhttp it closes")
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
        // Chunk extensions are not forwarded, so the way in which another reader parses them makes no difference.
        var start = message.headEnd
        for cut in trace.cuts.ranges where cut.lower >= start && cut.upper <= end {
            llhttp.feed(stream.extracting(start..<cut.lower))
            start = cut.upper
        }
        // The stream may stop inside an extension: then no bytes are left.
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

    /// Compares the trailers, which are between the line of the last chunk and the empty line.
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

    // MARK: The rest

    /// Checks that llhttp finds no further complete head or message in the rest of the stream. A message may still end
    /// with the connection.
    private mutating func checkRest(
        _ stream: Span<UInt8>, _ trace: Trace, _ circumstances: Circumstances, from: Int
    ) throws(Finding) {
        llhttp.feed(stream.extracting(from...))
        if let last = trace.messages.last, last.end == nil, last.framing == .untilClose { ends += 1 }
        llhttp.feedEnd()
        if llhttp.found.heads == heads, llhttp.found.ends == ends { return }
        // The codec parses a head only when it is complete. A difference in a head that it would then reject is
        // allowed.
        let isHead = trace.messages.last?.end != nil || trace.messages.isEmpty
        if isHead, !CodecReader.mayAccept(stream.extracting(from...), circumstances) { return }
        throw Finding(
            "At the end \(heads) heads and \(ends) messages, for llhttp \(llhttp.found.heads) and "
                + "\(llhttp.found.ends)")
    }

    private func expect(_ location: String) throws(Finding) {
        let found = llhttp.found
        if let error = found.error { throw Finding("The codec accepts, llhttp rejects \(location): \(error)") }
        guard found.heads == heads, found.ends == ends else {
            throw Finding(
                "\(heads) heads and \(ends) messages \(location), for llhttp \(found.heads) and \(found.ends)")
        }
    }
}

extension Trace.Message {
    /// True for an interim response, which another response follows.
    var isInterim: Bool { (100..<200).contains(status) && status != 101 }
}

extension Span<UInt8> {
    /// Returns true if a range holds `text` without its trailing white space, which NIO keeps. In `text`, invalid UTF-8
    /// was replaced with U+FFFD.
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

    /// Returns true if a range holds the same bytes as `bytes` from `start` on.
    func isBytes(_ bytes: [UInt8], from start: Int, in range: ByteRange) -> Bool {
        guard bytes.count - start >= range.count else { return false }
        for offset in 0..<range.count where bytes[start + offset] != self[range.lower + offset] { return false }
        return true
    }
}
