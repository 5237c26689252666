/// A strict parser of JSON (RFC 8259) into ``JSONValue``. It limits the nesting depth to protect the stack.
///
/// Foundation's decoder does not serve here. It creates a container for each part of a list of thousands of objects,
/// cannot skip members, and reads `1.0` as an integer, which would change a document that F2S writes back.
struct JSONParser {
    /// A syntax error and its position.
    struct Failure: Error, Hashable, CustomStringConvertible {
        /// The description of the error.
        let problem: String
        /// The number of bytes before the error.
        let offset: Int

        var description: String { "\(problem) at byte \(offset)" }
    }

    /// The largest nesting depth of lists and objects.
    static let depthMax = 100

    private let bytes: [UInt8]
    private let ignored: String?
    private var index = 0

    private init(_ bytes: [UInt8], ignoring ignored: String?) {
        self.bytes = bytes
        self.ignored = ignored
    }

    /// Parses a text that consists of one value.
    /// - Parameter ignored: the name of members that are skipped at every depth. The parser only finds the end of their
    ///   content.
    static func value(of bytes: [UInt8], ignoring ignored: String? = nil) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes, ignoring: ignored)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.index == bytes.count else { throw parser.failure("unexpected text follows the value") }
        return value
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        skipSpace()
        guard depth <= Self.depthMax else { throw failure("values are nested over \(Self.depthMax) levels deep") }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw failure("the text ends too early")
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
        default: throw failure("a value is missing")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        index += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("a member's name is missing") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw failure("a colon is missing") }
            if name == ignored {
                try skipValue(depth: depth + 1)
            } else {
                members[name] = try value(depth: depth + 1)
            }
            skipSpace()
        } while take(",")
        guard take("}") else { throw failure("a comma or } is missing") }
        return .object(members)
    }

    private mutating func skipValue(depth: Int) throws(Failure) {
        skipSpace()
        guard peek == UInt8(ascii: "{") || peek == UInt8(ascii: "[") else {
            _ = try value(depth: depth)
            return
        }
        var open = 0
        repeat {
            guard let byte = peek else { throw failure("the text ends too early") }
            index += 1
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
            case UInt8(ascii: "\""):
                while let byte = peek, byte != UInt8(ascii: "\"") { index += byte == UInt8(ascii: "\\") ? 2 : 1 }
                guard take("\"") else { throw failure("a text does not end") }
            default: break
            }
        } while open > 0
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw failure("a comma or ] is missing") }
        return .array(elements)
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        // Nearly all strings have no escape and are copied as one piece.
        if take("\"") { return String(decoding: bytes[start..<index - 1], as: UTF8.self) }
        var text = Array(bytes[start..<index])
        while true {
            guard let byte = peek else { throw failure("a text does not end") }
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure("a text holds a control byte")
            default: text.append(byte)
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard let byte = peek else { throw failure("a text does not end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimal()
            if (0xD800..<0xDC00).contains(scalar), peek == UInt8(ascii: "\\"), index + 1 < bytes.count,
                bytes[index + 1] == UInt8(ascii: "u")
            {
                index += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair is missing") }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            // A lone surrogate is not a character. It becomes U+FFFD, as ill-formed bytes do.
            text += Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
        default: throw failure("the escape is unknown")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        guard index + 4 <= bytes.count else { throw failure("the escape is cut off") }
        var number: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw failure("no hex digit") }
            number = number << 4 | UInt32(digit)
        }
        index += 4
        return number
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = index
        _ = take("-")
        let firstDigit = index
        let digits = takeDigits()
        guard digits > 0, digits == 1 || bytes[firstDigit] != UInt8(ascii: "0") else { throw failure("invalid number") }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard takeDigits() > 0 else { throw failure("no digit follows the point") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("-") { _ = take("+") }
            guard takeDigits() > 0 else { throw failure("no digit follows the exponent's sign") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let number = Int64(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else { throw failure("the number is too large") }
        return .number(number)
    }

    private mutating func takeDigits() -> Int {
        let start = index
        while let byte = peek, Self.isDigit(byte) { index += 1 }
        return index - start
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        let expected = Array("\(word)".utf8)
        guard bytes[index...].starts(with: expected) else { throw failure("a value is missing") }
        index += expected.count
        return value
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ problem: String) -> Failure { Failure(problem: problem, offset: index) }
}

extension JSONValue {
    /// Parses a JSON text.
    /// - Throws: ``JSONParser/Failure``.
    init(decoding bytes: some Collection<UInt8>) throws { self = try JSONParser.value(of: Array(bytes)) }
}
