import F2SModel

extension HeadScanner {
    private static let responseBeginning = Array("HTTP/1.".utf8)
    /// Bytes of an answer that is not HTTP that a message shows.
    private static let shownBytesMax = 32

    /// Why bytes cannot begin a response of HTTP/1; `nil`: they can, as far as they go.
    static func refusal(ofResponse bytes: Span<UInt8>) -> HeadError? {
        let beginning = responseBeginning
        var index = 0
        while index < min(beginning.count, bytes.count), bytes[index] == beginning[index] { index += 1 }
        guard index < min(beginning.count, bytes.count) else { return nil }
        // Content types of TLS records: 21 is an alert, 22 a handshake; the version follows (RFC 8446 section 5.1).
        if bytes.count > 1, bytes[0] == 21 || bytes[0] == 22, bytes[1] == 3 {
            return .malformed("The replica speaks TLS on its port, and F2S calls functions without it")
        }
        var shown: [UInt8] = []
        for index in 0..<min(shownBytesMax, bytes.count) {
            // More than its first line may have arrived, or not.
            guard bytes[index] != Octet.carriageReturn, bytes[index] != Octet.lineFeed else { break }
            shown.append(bytes[index])
        }
        let text = String(decoding: shown, as: UTF8.self).printable
        return .malformed("The replica's answer is not HTTP: it begins with \"\(text)\"")
    }
}
