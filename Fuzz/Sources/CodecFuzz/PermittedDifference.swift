/// Where we read what llhttp refuses, each with what allows it. Nothing else is let pass.
///
/// llhttp is given such a head with the one detail replaced, so that all the rest of it is compared all the same.
enum PermittedDifference {
    /// A head as llhttp takes it; `nil` where nothing needs to be replaced.
    static func head(
        _ message: Trace.Message, _ fields: ArraySlice<Trace.TracedField>, _ stream: Span<UInt8>
    ) -> [UInt8]? {
        var replacements: [(at: Int, byte: UInt8)] = []
        for field in fields { addTabs(field, stream, &replacements) }
        addForeignLetters(message, stream, &replacements)
        let isMethodKnown = isKnownMethod(message, stream)
        guard !replacements.isEmpty || !isMethodKnown else { return nil }
        var head: [UInt8] = []
        for index in message.start..<message.headEnd { head.append(stream[index]) }
        for replacement in replacements { head[replacement.at - message.start] = replacement.byte }
        if !isMethodKnown { head.replaceSubrange(0..<message.methodText.count, with: Array("POST".utf8)) }
        return head
    }

    /// A method is any token (RFC 9110 section 9.1), and who serves a resource decides which it knows; llhttp has a
    /// list.
    static func isKnownMethod(_ message: Trace.Message, _ stream: Span<UInt8>) -> Bool {
        guard message.status == 0 else { return true }
        for known in Self.known where stream.isExactly(known, in: message.methodText) { return true }
        return false
    }

    /// A browser's address bar and curl send letters beyond ASCII in a target as they are; we write them on in percent
    /// encoding, and llhttp refuses them.
    private static func addForeignLetters(
        _ message: Trace.Message, _ stream: Span<UInt8>, _ replacements: inout [(at: Int, byte: UInt8)]
    ) {
        guard message.status == 0 else { return }
        for index in message.targetText.lower..<message.targetText.upper where stream[index] >= 0x80 {
            replacements.append((index, asciiLetter))
        }
    }

    /// Whether llhttp has read the same target, with such letters replaced.
    static func isTarget(_ text: String, _ message: Trace.Message, _ stream: Span<UInt8>) -> Bool {
        var index = message.targetText.lower
        for byte in text.utf8 {
            guard index < message.targetText.upper else { return false }
            guard stream[index] == byte || (stream[index] >= 0x80 && byte == asciiLetter) else { return false }
            index += 1
        }
        return index == message.targetText.upper
    }

    private static let asciiLetter = UInt8(ascii: "a")

    /// White space around a value may be tabs (RFC 9110 section 5.6.3); around the value of a field that frames, llhttp
    /// takes spaces only.
    private static func addTabs(
        _ field: Trace.TracedField, _ stream: Span<UInt8>, _ replacements: inout [(at: Int, byte: UInt8)]
    ) {
        guard
            stream.isCaseInsensitively("transfer-encoding", in: field.name)
                || stream.isCaseInsensitively("content-length", in: field.name)
        else { return }
        var index = field.name.upper
        while stream[index] != Octet.carriageReturn {
            if stream[index] == Octet.tab, index < field.value.lower || index >= field.value.upper {
                replacements.append((index, Octet.space))
            }
            index += 1
        }
    }

    /// Whether a connection may go on although llhttp says that it ends.
    ///
    /// * A response to HEAD ends with its head (RFC 9112 section 6.3), so its connection goes on even if it tells no
    ///   length; llhttp says what it thinks of that before it learns that HEAD was asked.
    /// * Behind an interim response the final one follows, whatever the interim one says of the connection (RFC 9110
    ///   section 15.2).
    /// * `Proxy-Connection` is no field of HTTP (RFC 9112 appendix C.2.2); llhttp takes it for `Connection`.
    static func goesOn(
        _ message: Trace.Message, _ fields: ArraySlice<Trace.TracedField>, _ stream: Span<UInt8>
    ) -> Bool {
        message.isAnswerToHead || message.isInterim || hasProxyConnection(fields, stream)
    }

    /// Whether llhttp itself reads on behind a message. It reads nothing behind a request to upgrade, but who declines
    /// one must (RFC 9110 section 7.8).
    static func isReadOn(
        _ message: Trace.Message, _ fields: ArraySlice<Trace.TracedField>, _ stream: Span<UInt8>,
        _ found: LlhttpFindings
    ) -> Bool {
        found.isKeepAlive && !message.asksToUpgrade && !hasProxyConnection(fields, stream)
    }

    private static func hasProxyConnection(
        _ fields: ArraySlice<Trace.TracedField>, _ stream: Span<UInt8>
    ) -> Bool {
        for field in fields where stream.isCaseInsensitively("proxy-connection", in: field.name) { return true }
        return false
    }

    private static let known: [StaticString] = [
        "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "ACL", "BIND", "CHECKOUT", "COPY", "LINK",
        "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH",
        "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE",
    ]
}
