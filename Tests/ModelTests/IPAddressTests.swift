import F2SModel
import Testing

@Suite struct IPAddressTests {
    private func read(_ text: String) -> IPAddress? { IPAddress(Array(text.utf8)) }

    @Test(
        arguments: [
            ("0.0.0.0", 0, 0xFFFF_0000_0000), ("1.2.3.4", 0, 0xFFFF_0102_0304),
            ("255.255.255.255", 0, 0xFFFF_FFFF_FFFF),
            ("::", 0, 0), ("::1", 0, 1), ("1::", 1 << 48, 0), ("::ffff:1.2.3.4", 0, 0xFFFF_0102_0304),
            ("2001:db8::8:800:200c:417a", 0x2001_0DB8_0000_0000, 0x0008_0800_200C_417A),
            ("2001:DB8:0:0:8:800:200C:417A", 0x2001_0DB8_0000_0000, 0x0008_0800_200C_417A),
            ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000),
            ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008),
            ("1:2:3:4:5:6:1.2.3.4", 0x0001_0002_0003_0004, 0x0005_0006_0102_0304),
        ] as [(String, UInt64, UInt64)])
    func `a valid address is parsed`(text: String, high: UInt64, low: UInt64) {
        #expect(read(text) == IPAddress(high: high, low: low))
    }

    @Test(arguments: [
        "", ".", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.+4", "1.2.3.4 ", ":", ":::", "1:2", "::1::",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", "12345::",
        "g::",
        "+1::", "1.2.3.4::", "::1.2.3", "fe80::1%eth0", "[::1]", "localhost",
    ])
    func `a text that is not an address is rejected`(text: String) { #expect(read(text) == nil) }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3/8", "10.0.0.1", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("0.0.0.0/0", "9.9.9.9", true), ("0.0.0.0/0", "2001::1", false),
        ("::/0", "9.9.9.9", true), ("1.2.3.4", "1.2.3.4", true), ("1.2.3.4", "1.2.3.5", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("::1/128", "::1", true),
    ])
    func `a range contains the addresses with its prefix`(range: String, address: String, contains: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(read(address))
        #expect(range.contains(address) == contains)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/+8", "a/8", "10.0.0.0/ 8",
    ])
    func `a text that is not a range is rejected`(text: String) { #expect(AddressRange(text) == nil) }

    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("192.168.0.255", "192.168.0.255"), ("::ffff:1.2.3.4", "1.2.3.4"), ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"), ("::1.2.3.4", "::102:304"), ("fe80::0a00:1", "fe80::a00:1"),
    ])
    func `the text of an address is canonical and is parsed as the same address`(text: String, canonical: String) throws
    {
        let address = try #require(read(text))
        #expect(address.description == canonical)
        #expect(read(canonical) == address)
    }

    @Test func `all addresses of an IPv6 subscriber have the same subscriber number`() throws {
        #expect(read("2001:db8:1:2::1")?.subscriber == read("2001:db8:1:2:3:4:5:6")?.subscriber)
        #expect(read("2001:db8:1:2::1")?.subscriber != read("2001:db8:1:3::1")?.subscriber)
        #expect(read("1.2.3.4")?.subscriber != read("1.2.3.5")?.subscriber)
    }
}
