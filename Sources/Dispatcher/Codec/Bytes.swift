import Glibc

/// Positions in the bytes of a head. 32 bits keep a field table small; a head is bounded far below.
struct ByteRange: Equatable {
    var start: Int32
    var end: Int32

    init(_ start: Int, _ end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        self.end = Int32(truncatingIfNeeded: end)
    }

    var lower: Int { Int(start) }
    var upper: Int { Int(end) }
    var count: Int { Int(end &- start) }
    var isEmpty: Bool { end <= start }
}

/// Octets that HTTP's grammar names (RFC 9110 section 5.6).
enum Octet {
    static let tab: UInt8 = 9
    static let lineFeed: UInt8 = 10
    static let carriageReturn: UInt8 = 13
    static let space: UInt8 = 32
    static let percent = UInt8(ascii: "%")
    static let comma = UInt8(ascii: ",")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let question = UInt8(ascii: "?")

    /// `tchar`: what tokens such as methods and field names are made of.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        // Two 64-bit sets instead of a table in memory: no load, no bounds check.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        if byte < 128 { return high >> UInt64(byte &- 64) & 1 == 1 }
        return false
    }

    /// What a host and port may hold, loosely: nothing that separates them from something else, in a URL or in a list.
    @inline(__always) static func isAuthority(_ byte: UInt8) -> Bool {
        // All but controls, space, `"`, `#`, `,`, `/`, `<`, `>`, `?`; then all but `@`, `\\` and delete.
        let low: UInt64 = 0x2FFF_6FF2_0000_0000
        let high: UInt64 = 0x7FFF_FFFF_EFFF_FFFE
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        if byte < 128 { return high >> UInt64(byte &- 64) & 1 == 1 }
        return true
    }

    /// What a field value may hold: no control characters but the tab (RFC 9110 section 5.5).
    @inline(__always) static func isFieldContent(_ byte: UInt8) -> Bool {
        byte >= 32 && byte != 127 || byte == tab
    }

    /// Whether one of eight bytes is below the space or is the delete character. A byte of 128 or more is neither.
    @inline(__always) static func hasControl(_ eight: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let delete = eight ^ (ones &* 127)
        return ((eight &- ones &* 32) | (delete &- ones)) & ~eight & tops != 0
    }

    /// Whether eight bytes are all letters, digits or dashes.
    @inline(__always) static func areCommonInNames(_ eight: UInt64) -> Bool {
        let tops: UInt64 = 0x8080_8080_8080_8080
        guard eight & tops == 0 else { return false }
        // With the top bits free no sum carries over: a bound is passed where adding what is missing to 128 sets it.
        let letters = eight | 0x2020_2020_2020_2020
        let isLetter = (letters &+ spread(128 - 97)) & ~(letters &+ spread(128 - 123))
        let isDigit = (eight &+ spread(128 - 48)) & ~(eight &+ spread(128 - 58))
        let isDash = (eight &+ spread(128 - 45)) & ~(eight &+ spread(128 - 46))
        return (isLetter | isDigit | isDash) & tops == tops
    }

    @inline(__always) private static func spread(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    /// The value of a hexadecimal digit, else `nil`.
    @inline(__always) static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte &- 48)
        case 65...70: Int(byte &- 55)
        case 97...102: Int(byte &- 87)
        default: nil
        }
    }
}

extension Span<UInt8> {
    /// The position of the first line feed in a part of the bytes; `nil`: there is none.
    ///
    /// By `memchr`, which looks at 32 bytes at once: a head is searched for its end and for the ends of its lines, and
    /// byte by byte that was 3 % of a small request's CPU (`Benchmarks/profile`).
    @inline(__always)
    func firstLineFeed(from: Int, to end: Int) -> Int? {
        guard from < end, end <= count else { return nil }
        return withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + from, Int32(Octet.lineFeed), end &- from)
            else { return nil }
            return UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// Whether a part of the bytes may stand in a field's value: eight at a time, and one by one where a control
    /// character is among the eight, since it may be a tab.
    @inline(__always)
    func isFieldContent(from: Int, to end: Int) -> Bool {
        precondition(from >= 0 && end <= count)
        return withUnsafeBytes { bytes in
            var index = from
            while index &+ 8 <= end {
                let eight = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if Octet.hasControl(eight) {
                    for offset in index..<index &+ 8 where !Octet.isFieldContent(bytes[offset]) { return false }
                }
                index &+= 8
            }
            while index < end {
                if !Octet.isFieldContent(bytes[index]) { return false }
                index &+= 1
            }
            return true
        }
    }

    /// The first position that no token can go over, at or after `from`. Eight letters, digits and dashes at a time,
    /// which is what names are made of; others one by one.
    @inline(__always)
    func tokenEnd(from: Int, to end: Int) -> Int {
        precondition(from >= 0 && end <= count)
        return withUnsafeBytes { bytes in
            var index = from
            while index &+ 8 <= end,
                Octet.areCommonInNames(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index &+= 8
            }
            while index < end, Octet.isToken(bytes[index]) { index &+= 1 }
            return index
        }
    }

    /// Whether the range holds `text`, which must be in lower case, in any letter case.
    @inline(__always)
    func isCaseInsensitively(_ text: StaticString, in range: ByteRange) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { wanted in
            var index = 0
            while index < wanted.count {
                if Octet.lowercased(self[range.lower &+ index]) != wanted[index] { return false }
                index &+= 1
            }
            return true
        }
    }

    /// Whether two ranges hold one field name in any letter case.
    func isSameName(_ left: ByteRange, _ right: ByteRange) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count
        where Octet.lowercased(self[left.lower + offset]) != Octet.lowercased(self[right.lower + offset]) {
            return false
        }
        return true
    }

    /// Whether the range holds exactly `text`.
    @inline(__always)
    func isExactly(_ text: StaticString, in range: ByteRange) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        precondition(range.lower >= 0 && range.upper <= count)
        return withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp($0 + range.lower, text.utf8Start, range.count) == 0 } ?? range.isEmpty
        }
    }

    /// The range without spaces and tabs at both ends (OWS).
    @inline(__always)
    func trimmed(_ range: ByteRange) -> ByteRange {
        var start = range.lower
        var end = range.upper
        while start < end, self[start] == Octet.space || self[start] == Octet.tab { start &+= 1 }
        while end > start, self[end &- 1] == Octet.space || self[end &- 1] == Octet.tab { end &-= 1 }
        return ByteRange(start, end)
    }

    /// A copy of the range as text, for the slow paths only.
    func text(_ range: ByteRange) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range.lower..<Swift.max(range.lower, range.upper) { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
