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

    /// The top bit of each of eight bytes that is below the space or the delete character. A byte behind the first such
    /// one may be marked although it is none.
    @inline(__always) static func controls(_ eight: UInt64) -> UInt64 {
        let delete = eight ^ spread(127)
        return ((eight &- spread(32)) | (delete &- spread(1))) & ~eight & tops
    }

    /// The top bit of each of eight bytes that is no letter, digit or dash.
    @inline(__always) static func uncommonInNames(_ eight: UInt64) -> UInt64 {
        // With the top bits free no sum carries over: a bound is passed where adding what is missing to 128 sets it.
        let low = eight & ~tops
        let letters = low | spread(0x20)
        let isLetter = (letters &+ spread(128 - 97)) & ~(letters &+ spread(128 - 123))
        let isDigit = (low &+ spread(128 - 48)) & ~(low &+ spread(128 - 58))
        let isDash = (low &+ spread(128 - 45)) & ~(low &+ spread(128 - 46))
        return (~(isLetter | isDigit | isDash) | eight) & tops
    }

    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Eight bytes in which small and capital letters are the same, and no others that may stand in a token.
    @inline(__always) static func folded(_ eight: UInt64) -> UInt64 { eight | spread(0x20) }

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

    /// The first position at or after `from` that may not stand in a field's value: where its line ends, if nothing is
    /// wrong with it. Eight bytes at a time.
    @inline(__always)
    func fieldContentEnd(from: Int, to end: Int) -> Int {
        precondition(from >= 0 && end <= count)
        return withUnsafeBytes { bytes in
            var index = from
            while index &+ 8 <= end {
                let controls = Octet.controls(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index &+= controls.trailingZeroBitCount >> 3
                if controls != 0 {
                    guard bytes[index] == Octet.tab else { return index }
                    index &+= 1
                }
            }
            while index < end, Octet.isFieldContent(bytes[index]) { index &+= 1 }
            return index
        }
    }

    /// The first position at or after `from` that is no part of a token. Eight bytes at a time; what names are usually
    /// made of, letters, digits and dashes, is told at once.
    @inline(__always)
    func tokenEnd(from: Int, to end: Int) -> Int {
        precondition(from >= 0 && end <= count)
        return withUnsafeBytes { bytes in
            var index = from
            while index &+ 8 <= end {
                let others = Octet.uncommonInNames(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index &+= others.trailingZeroBitCount >> 3
                if others != 0 {
                    guard Octet.isToken(bytes[index]) else { return index }
                    index &+= 1
                }
            }
            while index < end, Octet.isToken(bytes[index]) { index &+= 1 }
            return index
        }
    }

    /// Whether the range holds `text`, which must be in lower case, in any letter case. For bytes without controls, as
    /// names and checked values are: setting the bit that makes a letter small would make a dash of a carriage return.
    @inline(__always)
    func isCaseInsensitively(_ text: StaticString, in range: ByteRange) -> Bool {
        let length = text.utf8CodeUnitCount
        guard range.count == length else { return false }
        precondition(range.lower >= 0 && range.upper <= count)
        return withUnsafeBytes { bytes in
            let wanted = UnsafeRawBufferPointer(start: text.utf8Start, count: length)
            guard length >= 8 else {
                for index in 0..<length where bytes[range.lower &+ index] | 0x20 != wanted[index] | 0x20 {
                    return false
                }
                return true
            }
            // The last eight may overlap the ones before.
            var index = 0
            while true {
                let eight = bytes.loadUnaligned(fromByteOffset: range.lower &+ index, as: UInt64.self)
                let other = wanted.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                guard Octet.folded(eight) == Octet.folded(other) else { return false }
                if index &+ 8 == length { return true }
                index = Swift.min(index &+ 8, length &- 8)
            }
        }
    }

    /// The same for text that is known at run time, for the slow paths.
    func isCaseInsensitively(_ text: [UInt8], in range: ByteRange) -> Bool {
        guard range.count == text.count else { return false }
        return text.indices.allSatisfy { Octet.lowercased(self[range.lower + $0]) == text[$0] }
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

    /// Whether the bytes of a part begin with `text`, which must be in lower case, in any letter case.
    func hasPrefix(_ text: StaticString, from start: Int, to end: Int) -> Bool {
        let textEnd = start + text.utf8CodeUnitCount
        return textEnd <= end && isCaseInsensitively(text, in: ByteRange(start, textEnd))
    }

    /// The range without `text` at its end.
    func dropping(_ text: StaticString, from range: ByteRange) -> ByteRange {
        let textStart = range.upper - text.utf8CodeUnitCount
        guard textStart >= range.lower, isExactly(text, in: ByteRange(textStart, range.upper)) else { return range }
        return ByteRange(range.lower, textStart)
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
