/// The cases in which the codec accepts bytes that llhttp rejects, each with its reason. All other differences are
/// findings.
///
/// llhttp receives such a head with the one detail replaced, so that the rest is still compared.
enum PermittedDifference {
    /// Returns the head in a form that llhttp accepts, or `nil` if nothing needs to be replaced.
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

    /// Returns true if llhttp knows the method. A method is any token (RFC 9110 section 9.1), and the origin server
    /// decides which methods it supports; llhttp has a fixed list.
    static func isKnownMethod(_ message: Trace.Message, _ stream: Span<UInt8>) -> Bool {
        guard message.status == 0 else { return true }
        for known in Self.known where stream.isExactly(known, in: message.methodText) { return true }
        return false
    }

    /// Replaces non-ASCII letters in the target. Browsers (from the address bar) and curl send them unencoded. The
    /// dispatcher forwards them in percent encoding; llhttp rejects them.
    private static func addForeignLetters(
        _ message: Trace.Message, _ stream: Span<UInt8>, _ replacements: inout [(at: Int, byte: UInt8)]
    ) {
        guard message.status == 0 else { return }
        for index in message.targetText.lower..<message.targetText.upper where stream[index] >= 0x80 {
            replacements.append((index, asciiLetter))
        }
    }

    /// Returns true if llhttp has read the same target, with non-ASCII letters replaced.
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

    /// Replaces tabs around the value of a framing field. White space around a value may be tabs (RFC 9110 section
    /// 5.6.3); around the value of a framing field, llhttp accepts only spaces.
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

    /// Returns true if a connection may persist although llhttp reports that it closes.
    ///
    /// * A response to HEAD ends with its head (RFC 9112 section 6.3), so its connection persists even without a
    ///   length; llhttp decides this before it learns that the request was HEAD.
    /// * After an interim response the final one follows, even if the interim one has `Connection: close` (RFC 9110
    ///   section 15.2).
    /// * `Proxy-Connection` is not a field of HTTP (RFC 9112 appendix C.2.2); llhttp handles it like `Connection`.
    static func goesOn(
        _ message: Trace.Message, _ fields: ArraySlice<Trace.TracedField>, _ stream: Span<UInt8>
    ) -> Bool {
        message.isAnswerToHead || message.isInterim || hasProxyConnection(fields, stream)
    }

    /// Returns true if llhttp itself continues to read after a message. It stops after a request to upgrade, but a
    /// server that declines the upgrade must continue (RFC 9110 section 7.8).
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
