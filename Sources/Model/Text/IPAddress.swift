/// An IP address as a number. An IPv4 address is stored as its IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), so
/// the two forms of one address are equal.
public struct IPAddress: Sendable, Hashable {
    /// The first 64 bits.
    public let high: UInt64
    /// The last 64 bits.
    public let low: UInt64

    /// Creates an IPv6 address.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates an IPv4 address.
    public init(v4: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(v4)) }

    /// Parses an address without brackets, port and zone; `nil` if the text is not one.
    public init?(_ text: some BidirectionalCollection<UInt8>) {
        if let v4 = Self.v4(text) {
            self.init(v4: v4)
        } else if let groups = Self.groups(text) {
            let words = groups.map(UInt64.init)
            self.init(
                high: words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3],
                low: words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
        } else {
            return nil
        }
    }

    /// True if it is an IPv4 address.
    public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The part of the address that identifies one subscriber: an IPv4 address, or the first 64 bits of an IPv6
    /// address.
    public var subscriber: IPAddress { isV4 ? self : IPAddress(high: high, low: 0) }

    /// The key by which ``TokenBuckets`` count a caller at this address. All clients at one IPv4 address, or at the
    /// addresses of one subscriber, are one caller. Each process seeds the hash anew, so that a caller cannot choose
    /// whose bucket it shares.
    public var rateKey: UInt64 { UInt64(truncatingIfNeeded: subscriber.hashValue) }

    private static func v4(_ text: some BidirectionalCollection<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            // Some parsers read a number with a leading zero as octal.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (48...57).contains($0) }),
                let number = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            address = address << 8 | UInt32(number)
        }
        return address
    }

    /// Returns the eight groups of an IPv6 address (RFC 4291 section 2.2).
    private static func groups(_ text: some BidirectionalCollection<UInt8>) -> [UInt16]? {
        guard (2...45).contains(text.count) else { return nil }
        let parts = Array(text).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (3...9).contains(parts.count) else { return nil }
        var (front, back): ([UInt16], [UInt16]) = ([], [])
        var isShortened = false
        for (index, part) in parts.enumerated() {
            let isEdge = index == 0 || index == parts.count - 1
            if part.isEmpty {
                // Two colons represent zeros and may occur once; at an edge they produce two empty parts.
                if isEdge {
                    guard parts[index == 0 ? 1 : index - 1].isEmpty else { return nil }
                    continue
                }
                guard !isShortened else { return nil }
                isShortened = true
                continue
            }
            guard let numbers = index == parts.count - 1 ? lastGroups(part) : group(part).map({ [$0] }) else {
                return nil
            }
            if isShortened { back += numbers } else { front += numbers }
        }
        let missing = 8 - front.count - back.count
        guard isShortened ? missing >= 1 : missing == 0 else { return nil }
        return front + [UInt16](repeating: 0, count: missing) + back
    }

    /// Parses the last part, which may be an IPv4 address.
    private static func lastGroups(_ part: ArraySlice<UInt8>) -> [UInt16]? {
        if let v4 = v4(part) { return [UInt16(v4 >> 16), UInt16(truncatingIfNeeded: v4)] }
        return group(part).map { [$0] }
    }

    private static func group(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(part.count), part.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
        else { return nil }
        return UInt16(String(decoding: part, as: UTF8.self), radix: 16)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address as text: decimal numbers with dots, or the canonical form of an IPv6 address (RFC 5952 section 4).
    public var description: String {
        guard !isV4 else {
            return [24, 16, 8, 0].map { "\(UInt8(truncatingIfNeeded: low >> UInt64($0)))" }.joined(separator: ".")
        }
        let groups = [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
        }
        let zeros = Self.longestZeros(groups)
        guard !zeros.isEmpty else { return Self.text(groups[...]) }
        return Self.text(groups[..<zeros.lowerBound]) + "::" + Self.text(groups[zeros.upperBound...])
    }

    private static func text(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// Returns the first of the longest runs of zeros that two colons represent; empty if there is none. A single zero
    /// is written out.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 { start = index + 1 }
            if index + 1 - start > max(1, longest.count) { longest = start..<(index + 1) }
        }
        return longest
    }
}
