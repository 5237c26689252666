import F2SModel

/// A header of the PROXY protocol, which a proxy sends at the beginning of a connection to name its client. Version 1
/// is a line of text, version 2 is binary (HAProxy's `proxy-protocol.txt`, sections 2.1 and 2.2).
struct ProxyHeader: Equatable {
    /// The length of the header in bytes. The first request follows it.
    let length: Int
    /// The client's address; `nil` if the address of the connection applies, because the proxy has connected for itself
    /// or does not know an IP address of the client.
    let source: IPAddress?

    /// The longest line of version 1, in bytes, with its end.
    static let lineBytesMax = 107
    /// The most bytes of version 2 behind the fixed part: addresses and further information (TLV).
    static let contentBytesMax = 4096

    private static let lineBeginning = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    /// The length of the part of version 2 that every header has: signature, version and command, family, length.
    private static let fixedBytes = 16

    /// Reads the header at the beginning of a connection.
    /// - Parameter bytes: All bytes that have arrived on the connection.
    /// - Returns: The header, or `nil` if it is incomplete.
    static func read(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        if begins(bytes, with: lineBeginning) { return bytes.count < lineBeginning.count ? nil : try line(bytes) }
        if begins(bytes, with: signature) { return bytes.count < fixedBytes ? nil : try binary(bytes) }
        throw .missing
    }

    /// Returns true if the bytes that have arrived are those of a beginning, as far as it goes.
    private static func begins(_ bytes: Span<UInt8>, with beginning: [UInt8]) -> Bool {
        (0..<min(bytes.count, beginning.count)).allSatisfy { bytes[$0] == beginning[$0] }
    }

    // MARK: Version 1

    private static func line(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        guard let end = bytes.firstLineFeed(from: lineBeginning.count, to: min(bytes.count, lineBytesMax)) else {
            guard bytes.count < lineBytesMax else { throw .malformed }
            return nil
        }
        guard bytes[end - 1] == Octet.carriageReturn else { throw .malformed }
        let text = (lineBeginning.count..<(end - 1)).map { bytes[$0] }
        return ProxyHeader(length: end + 1, source: try source(text))
    }

    /// Returns the source of `TCP4 source destination port port`, or `nil` for `UNKNOWN` with anything behind it.
    private static func source(_ text: [UInt8]) throws(ProxyHeaderError) -> IPAddress? {
        let words = text.split(separator: Octet.space, omittingEmptySubsequences: false)
        guard !words[0].elementsEqual("UNKNOWN".utf8) else { return nil }
        let isV4 = words[0].elementsEqual("TCP4".utf8)
        guard isV4 || words[0].elementsEqual("TCP6".utf8), words.count == 5,
            let source = address(words[1], isV4: isV4), address(words[2], isV4: isV4) != nil,
            isPort(words[3]), isPort(words[4])
        else { throw .malformed }
        return source
    }

    private static func address(_ text: ArraySlice<UInt8>, isV4: Bool) -> IPAddress? {
        text.contains(Octet.colon) == isV4 ? nil : IPAddress(text)
    }

    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard (1...5).contains(text.count), text.allSatisfy({ (48...57).contains($0) }) else { return false }
        guard text.count == 1 || text.first != UInt8(ascii: "0") else { return false }
        return text.reduce(0) { $0 * 10 + Int($1 - 48) } <= Int(UInt16.max)
    }

    // MARK: Version 2

    private static func binary(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        let (version, command) = (bytes[12] >> 4, bytes[12] & 15)
        let (family, transport) = (bytes[13] >> 4, bytes[13] & 15)
        let contentBytes = Int(number(bytes, at: 14, count: 2))
        guard version == 2, command <= 1, contentBytes <= contentBytesMax else { throw .malformed }
        let end = fixedBytes + contentBytes
        // LOCAL: the proxy has connected for itself, and the family has no meaning.
        guard command == 1 else { return bytes.count < end ? nil : ProxyHeader(length: end, source: nil) }
        guard family <= 3, transport <= 2 else { throw .malformed }
        // The two addresses and ports precede the further information. Other combinations than TCP over IPv4 and IPv6
        // have no address of an IP connection.
        let addressBytes = transport != 1 ? 0 : family == 1 ? 4 : family == 2 ? 16 : 0
        guard addressBytes == 0 || contentBytes >= 2 * (addressBytes + 2) else { throw .malformed }
        guard bytes.count >= end else { return nil }
        let source: IPAddress? =
            switch addressBytes {
            case 4: IPAddress(v4: UInt32(number(bytes, at: fixedBytes, count: 4)))
            case 16:
                IPAddress(
                    high: number(bytes, at: fixedBytes, count: 8), low: number(bytes, at: fixedBytes + 8, count: 8))
            default: nil
            }
        return ProxyHeader(length: end, source: source)
    }

    /// Returns a number in network byte order.
    private static func number(_ bytes: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
        (start..<(start + count)).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
}

/// The reason why the beginning of a connection is not accepted as a header of the PROXY protocol.
enum ProxyHeaderError: Error {
    /// The bytes do not begin a header.
    case missing
    /// The header violates the grammar, or is too long.
    case malformed
}
