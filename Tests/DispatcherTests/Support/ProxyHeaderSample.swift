/// Builds headers of the PROXY protocol, independently of the code under test.
enum ProxyHeaderSample {
    /// Returns a header of version 1.
    static func line(_ text: String) -> [UInt8] { Array("PROXY \(text)\r\n".utf8) }

    /// Returns a header of version 2.
    /// - Parameters:
    ///   - command: The version and the command; by default PROXY of version 2.
    ///   - family: The address family and the transport protocol.
    ///   - content: The addresses and the further information.
    static func binary(command: UInt8 = 0x21, family: UInt8, _ content: [UInt8] = []) -> [UInt8] {
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        let length = [UInt8(content.count / 256), UInt8(content.count % 256)]
        return signature + [command, family] + length + content
    }

    /// A header of version 2 for a client at 192.0.2.7.
    static let v4 = binary(family: 0x11, v4Content)
    /// The addresses 192.0.2.7 and 198.51.100.1 with the ports 4711 and 443.
    static let v4Content: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0x01, 0xBB]

    /// A header of version 2 for a client at 2001:db8:1:2::7.
    static let v6 = binary(family: 0x21, v6Content)
    /// The addresses 2001:db8:1:2::7 and ::1 with the ports 4711 and 443.
    static let v6Content: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7]
        + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + [0x12, 0x67, 0x01, 0xBB]

    /// A header of version 2 with which a proxy connects for itself.
    static let local = binary(command: 0x20, family: 0)
}
