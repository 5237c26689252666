import Glibc

/// A range of positions in the bytes of a head. 32 bits keep the field table small; a head is far shorter.
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
    static let equals = UInt8(ascii: "=")
    static let question = UInt8(ascii: "?")

    /// Returns true for a `tchar`: methods, field names and other tokens consist of these.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        // Two 64-bit sets instead of a table in memory: no load, no bounds check.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        if byte < 128 { return high >> UInt64(byte &- 64) & 1 == 1 }
        return false
    }

    /// Returns true for a byte that a host and port may contain. The check is loose: it excludes the bytes that
    /// separate a host and port from something else, in a URL or in a list.
    @inline(__always) static func isAuthority(_ byte: UInt8) -> Bool {
        // All but controls, space, `"`, `#`, `,`, `/`, `<`, `>`, `?`; then all but `@`, `\\` and delete.
        let low: UInt64 = 0x2FFF_6FF2_0000_0000
        let high: UInt64 = 0x7FFF_FFFF_EFFF_FFFE
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        if byte < 128 { return high >> UInt64(byte &- 64) & 1 == 1 }
        return true
    }

    /// Returns true for a byte that a field value may contain: no control character but the tab (RFC 9110 section 5.5).
    @inline(__always) static func isFieldContent(_ byte: UInt8) -> Bool {
        byte >= 32 && byte != 127 || byte == tab
    }

    /// Returns the top bit of each of the eight bytes that is below the space or is the delete character. A byte behind
    /// the first such byte may be marked wrongly.
    @inline(__always) static func controls(_ eight: UInt64) -> UInt64 {
        let delete = eight ^ spread(127)
        return ((eight &- spread(32)) | (delete &- spread(1))) & ~eight & tops
    }

    /// Returns the top bit of each of the eight bytes that is not a letter, digit or dash.
    @inline(__always) static func uncommonInNames(_ eight: UInt64) -> UInt64 {
        // With the top bits clear, no sum carries into the next byte. A byte reaches a bound if adding 128 minus the
        // bound sets its top bit.
        let low = eight & ~tops
        let letters = low | spread(0x20)
        let isLetter = (letters &+ spread(128 - 97)) & ~(letters &+ spread(128 - 123))
        let isDigit = (low &+ spread(128 - 48)) & ~(low &+ spread(128 - 58))
        let isDash = (low &+ spread(128 - 45)) & ~(low &+ spread(128 - 46))
        return (~(isLetter | isDigit | isDash) | eight) & tops
    }

    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Returns eight bytes in which small and capital letters are equal. Of the other bytes that a token may contain,
    /// only `^` and `~` become equal; no name that F2S compares contains these.
    @inline(__always) static func folded(_ eight: UInt64) -> UInt64 { eight | spread(0x20) }

    @inline(__always) private static func spread(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    /// Returns the value of a hexadecimal digit, or `nil` for any other byte.
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
    /// Returns the position of the first line feed in a part of the bytes, or `nil` if there is none.
    @inline(__always)
    func firstLineFeed(from: Int, to end: Int) -> Int? { first(Octet.lineFeed, from: from, to: end) }

    /// Returns the first position of a byte in a part of the bytes, or `nil` if there is none.
    ///
    /// Uses `memchr`, which scans 32 bytes at once. A head is searched for its end and for the ends of its lines; byte
    /// by byte that was 3 % of a small request's CPU (`Benchmarks/profile`).
    @inline(__always)
    func first(_ byte: UInt8, from: Int, to end: Int) -> Int? {
        guard from < end, end <= count else { return nil }
        return withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + from, Int32(byte), end &- from)
            else { return nil }
            return UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// Returns the first position at or after `from` with a byte that a field value must not contain. In a valid value
    /// this is the end of the line. Reads eight bytes at a time.
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

    /// Returns the first position at or after `from` with a byte that is not part of a token. Reads eight bytes at a
    /// time: letters, digits and dashes, the usual bytes of names, are recognized together.
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

    /// Returns true if the range holds `text`, which must be in lower case, in any letter case. The bytes must not
    /// contain control characters, as is the case in names and checked values: the bit that makes a letter small would
    /// turn a carriage return into a dash.
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
            // The last eight bytes may overlap the previous ones.
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

    /// Returns true if the range holds `text`, which must be in lower case, in any letter case. For text that is known
    /// only at run time, on the slow paths.
    func isCaseInsensitively(_ text: [UInt8], in range: ByteRange) -> Bool {
        guard range.count == text.count else { return false }
        return text.indices.allSatisfy { Octet.lowercased(self[range.lower + $0]) == text[$0] }
    }

    /// Returns the bytes of the range in lower case.
    func lowercased(_ range: ByteRange) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in range.lower..<range.upper { bytes.append(Octet.lowercased(self[index])) }
        return bytes
    }

    /// Returns true if two ranges hold the same field name, in any letter case.
    func isSameName(_ left: ByteRange, _ right: ByteRange) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count
        where Octet.lowercased(self[left.lower + offset]) != Octet.lowercased(self[right.lower + offset]) {
            return false
        }
        return true
    }

    /// Returns true if the bytes from `start` to `end` begin with `text`, which must be in lower case, in any letter
    /// case.
    func hasPrefix(_ text: StaticString, from start: Int, to end: Int) -> Bool {
        let textEnd = start + text.utf8CodeUnitCount
        return textEnd <= end && isCaseInsensitively(text, in: ByteRange(start, textEnd))
    }

    /// Returns the range without `text` at its end.
    func dropping(_ text: StaticString, from range: ByteRange) -> ByteRange {
        let textStart = range.upper - text.utf8CodeUnitCount
        guard textStart >= range.lower, isExactly(text, in: ByteRange(textStart, range.upper)) else { return range }
        return ByteRange(range.lower, textStart)
    }

    /// Returns true if the range holds exactly `text`.
    @inline(__always)
    func isExactly(_ text: StaticString, in range: ByteRange) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        precondition(range.lower >= 0 && range.upper <= count)
        return withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp($0 + range.lower, text.utf8Start, range.count) == 0 } ?? range.isEmpty
        }
    }

    /// Returns the range without spaces and tabs at both ends (OWS).
    @inline(__always)
    func trimmed(_ range: ByteRange) -> ByteRange {
        var start = range.lower
        var end = range.upper
        while start < end, self[start] == Octet.space || self[start] == Octet.tab { start &+= 1 }
        while end > start, self[end &- 1] == Octet.space || self[end &- 1] == Octet.tab { end &-= 1 }
        return ByteRange(start, end)
    }

    /// Returns a copy of the range as text, for the slow paths only.
    /// - Parameter bytesMax: The most bytes that are decoded.
    func text(_ range: ByteRange, bytesMax: Int = .max) -> String {
        var bytes: [UInt8] = []
        let count = Swift.min(Swift.max(0, range.count), bytesMax)
        bytes.reserveCapacity(count)
        for index in range.lower..<range.lower + count { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
