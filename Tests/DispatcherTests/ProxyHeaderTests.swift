import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests the headers of the PROXY protocol, without sockets.
@Suite struct ProxyHeaderTests {
    /// A valid header and the address that it contains.
    struct Valid: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let source: String?

        init(_ name: String, _ bytes: [UInt8], _ source: String?) {
            testDescription = name
            self.bytes = bytes
            self.source = source
        }

        static func line(_ text: String, _ source: String?) -> Valid {
            Valid("1: \(text)", ProxyHeaderSample.line(text), source)
        }
    }

    private static let longest = Array(repeating: "ffff", count: 8).joined(separator: ":")

    static let valid: [Valid] = [
        .line("TCP4 192.0.2.1 198.51.100.1 4711 443", "192.0.2.1"),
        .line("TCP4 255.255.255.255 0.0.0.0 65535 0", "255.255.255.255"),
        .line("TCP6 2001:db8::1 ::1 1 65535", "2001:db8::1"),
        .line("TCP6 2001:DB8:0:0:0:0:0:1 ::1 1 65535", "2001:db8::1"),
        .line("TCP6 \(longest) \(longest) 65535 65535", longest),
        .line("TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 1 2", "192.0.2.1"),
        .line("UNKNOWN", nil), .line("UNKNOWN ", nil), .line("UNKNOWN 192.0.2.1 anything  else", nil),
        .line("UNKNOWN \(longest) \(longest) 65535 65535", nil),
        Valid("2: TCP over IPv4", ProxyHeaderSample.v4, "192.0.2.7"),
        Valid("2: TCP over IPv6", ProxyHeaderSample.v6, "2001:db8:1:2::7"),
        Valid(
            "2: TCP over IPv4 with further information",
            ProxyHeaderSample.binary(family: 0x11, ProxyHeaderSample.v4Content + [4, 0, 3, 1, 2, 3]), "192.0.2.7"),
        Valid(
            "2: the longest content",
            ProxyHeaderSample.binary(
                family: 0x21, ProxyHeaderSample.v6Content + [UInt8](repeating: 10, count: 4096 - 36)),
            "2001:db8:1:2::7"),
        Valid("2: LOCAL", ProxyHeaderSample.local, nil),
        Valid(
            "2: LOCAL with addresses",
            ProxyHeaderSample.binary(command: 0x20, family: 0x11, ProxyHeaderSample.v4Content), nil),
        Valid("2: LOCAL of an unknown family", ProxyHeaderSample.binary(command: 0x20, family: 0xFF, [1]), nil),
        Valid("2: UNSPEC", ProxyHeaderSample.binary(family: 0x00), nil),
        Valid("2: UNSPEC with content", ProxyHeaderSample.binary(family: 0x00, [1, 2, 3]), nil),
        Valid("2: UNIX", ProxyHeaderSample.binary(family: 0x31, [UInt8](repeating: 47, count: 216)), nil),
        Valid("2: UDP over IPv4", ProxyHeaderSample.binary(family: 0x12, ProxyHeaderSample.v4Content), nil),
        Valid("2: UDP over IPv6", ProxyHeaderSample.binary(family: 0x22, ProxyHeaderSample.v6Content), nil),
    ]

    private func read(_ bytes: some Sequence<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        let bytes = Array(bytes)
        return try ProxyHeader.read(bytes.span)
    }

    @Test(arguments: valid) func `a header is read at every split, and the bytes behind it are not a part of it`(
        header: Valid
    ) throws {
        let bytes = header.bytes + Array("GET / HTTP/1.1\r\n\r\n".utf8)
        let source = try header.source.map { try #require(IPAddress(Array($0.utf8))) }
        let whole = ProxyHeader(length: header.bytes.count, source: source)
        for count in 0...bytes.count {
            let found = try read(bytes.prefix(count))
            #expect(found == (count < header.bytes.count ? nil : whole), "\(count) bytes")
        }
    }

    @Test func `the longest line of version 1 has 107 bytes`() throws {
        let longest = ProxyHeaderSample.line("UNKNOWN \(Self.longest) \(Self.longest) 65535 65535")
        #expect(longest.count == ProxyHeader.lineBytesMax)
        let endless = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 120, count: 200)
        #expect(try read(endless.prefix(106)) == nil)
        #expect(throws: ProxyHeaderError.malformed) { try read(endless.prefix(107)) }
        #expect(throws: ProxyHeaderError.malformed) { try read(endless.prefix(106) + [13, 10]) }
    }

    /// Bytes that are not a header, and the number of them that shows it.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", 1), ("POST / HTTP/1.1\r\n", 2), ("PROPFIND / HTTP/1.1\r\n", 4), ("PROXYTCP4 ", 6),
        ("proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n", 1), (" PROXY UNKNOWN\r\n", 1), ("\r\n\r\nGET / HTTP/1.1\r\n", 5),
        ("\r\nGET / HTTP/1.1\r\n", 3), ("\r\n\r\n\0\r\nQUIX\n", 11), ("\n", 1), ("\u{16}\u{3}\u{1}", 1), ("\0", 1),
    ])
    func `bytes that do not begin a header are rejected at the first difference`(text: String, count: Int) throws {
        let bytes = Array(text.utf8)
        #expect(try read(bytes.prefix(count - 1)) == nil)
        for count in count...bytes.count {
            #expect(throws: ProxyHeaderError.missing) { try read(bytes.prefix(count)) }
        }
    }

    @Test(arguments: [
        "", " UNKNOWN", "UNKNOWNX", "unknown", "TCP", "TCP4", "TCP5 192.0.2.1 198.51.100.1 1 2",
        "tcp4 192.0.2.1 198.51.100.1 1 2", "TCP4\t192.0.2.1 198.51.100.1 1 2", "UDP4 192.0.2.1 198.51.100.1 1 2",
        // Too few, too many and misplaced words.
        "TCP4 192.0.2.1 198.51.100.1 1", "TCP4 192.0.2.1 198.51.100.1 1 2 3", "TCP4  192.0.2.1 198.51.100.1 1 2",
        "TCP4 192.0.2.1 198.51.100.1 1 2 ", "TCP4 192.0.2.1 198.51.100.1  2",
        // Addresses.
        "TCP4 ::1 ::1 1 2", "TCP6 192.0.2.1 198.51.100.1 1 2", "TCP4 192.0.2.1 ::1 1 2", "TCP6 ::1 198.51.100.1 1 2",
        "TCP4 ::ffff:192.0.2.1 ::ffff:192.0.2.1 1 2", "TCP4 192.0.2.01 198.51.100.1 1 2",
        "TCP4 192.0.2.256 198.51.100.1 1 2", "TCP4 192.0.2 198.51.100.1 1 2", "TCP4 localhost localhost 1 2",
        "TCP6 fe80::1%eth0 ::1 1 2", "TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2", "TCP6 [::1] ::1 1 2", "TCP6 1::2::3 ::1 1 2",
        // Ports.
        "TCP4 192.0.2.1 198.51.100.1 65536 2", "TCP4 192.0.2.1 198.51.100.1 1 65536",
        "TCP4 192.0.2.1 198.51.100.1 -1 2", "TCP4 192.0.2.1 198.51.100.1 +1 2", "TCP4 192.0.2.1 198.51.100.1 01 2",
        "TCP4 192.0.2.1 198.51.100.1 00 2", "TCP4 192.0.2.1 198.51.100.1 a 2", "TCP4 192.0.2.1 198.51.100.1 0x1 2",
        "TCP4 192.0.2.1 198.51.100.1 100000 2", "TCP4 192.0.2.1 198.51.100.1 1 2\rX",
    ])
    func `a malformed line of version 1 is rejected`(text: String) {
        #expect(throws: ProxyHeaderError.malformed) { try read(ProxyHeaderSample.line(text)) }
    }

    @Test(arguments: ["PROXY UNKNOWN\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n", "PROXY \n", "PROXY \r\n"])
    func `a line of version 1 ends in CR LF`(text: String) {
        #expect(throws: ProxyHeaderError.malformed) { try read(text.utf8) }
    }

    @Test(arguments: [
        // Versions.
        ProxyHeaderSample.binary(command: 0x11, family: 0x11, ProxyHeaderSample.v4Content),
        ProxyHeaderSample.binary(command: 0x31, family: 0x11, ProxyHeaderSample.v4Content),
        ProxyHeaderSample.binary(command: 0x01, family: 0x11, ProxyHeaderSample.v4Content),
        // Commands.
        ProxyHeaderSample.binary(command: 0x22, family: 0x11, ProxyHeaderSample.v4Content),
        ProxyHeaderSample.binary(command: 0x2F, family: 0x00),
        // Families and transport protocols.
        ProxyHeaderSample.binary(family: 0x41, ProxyHeaderSample.v6Content),
        ProxyHeaderSample.binary(family: 0xF0), ProxyHeaderSample.binary(family: 0x13, ProxyHeaderSample.v4Content),
        // Content that is too short for its addresses, or too long.
        ProxyHeaderSample.binary(family: 0x11),
        ProxyHeaderSample.binary(family: 0x11, [UInt8](repeating: 1, count: 11)),
        ProxyHeaderSample.binary(family: 0x21, [UInt8](repeating: 1, count: 35)),
        ProxyHeaderSample.binary(
            family: 0x11, ProxyHeaderSample.v4Content + [UInt8](repeating: 1, count: 4097 - 12)),
        ProxyHeaderSample.binary(command: 0x20, family: 0x00, [UInt8](repeating: 1, count: 4097)),
    ])
    func `a malformed header of version 2 is rejected before its content arrives`(bytes: [UInt8]) throws {
        #expect(try read(bytes.prefix(15)) == nil)
        #expect(throws: ProxyHeaderError.malformed) { try read(bytes.prefix(16)) }
        #expect(throws: ProxyHeaderError.malformed) { try read(bytes) }
    }
}
