/// Joins the escapes of UTF-16 surrogate pairs, `\ud83d\ude00`, into one escape of YAML, `\U0001f600`. JSON writers
/// that produce ASCII escape this way (RFC 8259 section 7). It is the only part of JSON that libyaml does not read.
enum SurrogatePairs {
    /// Returns the text with its pairs joined if it is JSON, else unchanged: in block YAML the escape may be meant
    /// literally.
    static func joined(in text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let first = text.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "["), text.contains(UInt8(ascii: "\\")) else {
            return text
        }
        var joined: [UInt8] = []
        joined.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index] == UInt8(ascii: "\\") else {
                joined.append(text[index])
                index += 1
                continue
            }
            if let high = escape(in: text, at: index), (0xD800...0xDBFF).contains(high),
                let low = escape(in: text, at: index + 6), (0xDC00...0xDFFF).contains(low)
            {
                let scalar = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                let digits = String(scalar, radix: 16)
                joined += Array(("\\U" + String(repeating: "0", count: 8 - digits.count) + digits).utf8)
                index += 12
            } else {
                // The escaped byte is copied with its backslash, so that `\\` never turns the next characters into an
                // escape.
                joined += text[index..<min(index + 2, text.endIndex)]
                index += 2
            }
        }
        return joined[...]
    }

    /// Returns the number in an escape `\uXXXX` at `index`.
    private static func escape(in text: ArraySlice<UInt8>, at index: Int) -> UInt32? {
        guard index + 6 <= text.endIndex, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var number: UInt32 = 0
        for byte in text[(index + 2)..<(index + 6)] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            number = number << 4 | UInt32(digit)
        }
        return number
    }
}
