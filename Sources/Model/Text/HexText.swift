extension Collection<UInt8> {
    /// The bytes as lower-case hexadecimal digits, two per byte.
    public var hexText: String {
        String(decoding: flatMap { [HexDigit.digit(of: $0 >> 4), HexDigit.digit(of: $0 & 15)] }, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Reads lower-case hexadecimal digits, two per byte; `nil` if the text consists of anything else.
    public init?(hexText text: some StringProtocol) {
        let values = text.utf8.map { HexDigit.value(of: $0) }
        guard values.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: values.count, by: 2) {
            guard let high = values[index], let low = values[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}

private enum HexDigit {
    static func digit(of value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - 87
        default: return nil
        }
    }
}
