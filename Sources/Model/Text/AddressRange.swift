/// A range of addresses with the same prefix, in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// The range as it was written.
    public let description: String
    private let first: IPAddress
    private let bits: Int

    /// Parses a range; `nil` if the text is not one.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(Array(parts[0])) else { return nil }
        var length = 128
        if parts.count == 2 {
            let digits = parts[1]
            guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
                let number = Int(String(decoding: digits, as: UTF8.self)), number <= (address.isV4 ? 32 : 128)
            else { return nil }
            length = address.isV4 ? 96 + number : number
        }
        description = text
        bits = length
        first = Self.prefix(of: address, length)
    }

    /// Returns true if the range contains the address.
    public func contains(_ address: IPAddress) -> Bool { Self.prefix(of: address, bits) == first }

    private static func prefix(of address: IPAddress, _ bits: Int) -> IPAddress {
        IPAddress(
            high: address.high & mask(min(bits, 64)), low: bits > 64 ? address.low & mask(bits - 64) : 0)
    }

    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }
}
