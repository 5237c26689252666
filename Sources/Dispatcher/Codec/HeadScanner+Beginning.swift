import F2SModel

extension HeadScanner {
    private static let responseBeginning = Array("HTTP/1.".utf8)
    /// The most bytes that an error message shows of a response that is not HTTP.
    private static let shownBytesMax = 32

    /// Returns an error if the bytes cannot begin a response of HTTP/1, and `nil` if they can.
    static func error(ofResponse bytes: Span<UInt8>) -> HeadError? {
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
            // The message shows the first line at most, which may be incomplete.
            guard bytes[index] != Octet.carriageReturn, bytes[index] != Octet.lineFeed else { break }
            shown.append(bytes[index])
        }
        let text = String(decoding: shown, as: UTF8.self).printable
        return .malformed("The replica's response is not HTTP: it begins with \"\(text)\"")
    }
}
