/// Swift source as a sequence of tokens. The scanner distinguishes only code, comments and literals.
///
/// Rules check tokens instead of lines, so that they never mistake a word in a comment or a string for code.
struct SwiftText {
    /// A token of code.
    struct Token: Equatable {
        enum Kind: Equatable {
            /// An identifier or a keyword. Attributes and directives include their `@` or `#`.
            case word
            /// A number.
            case number
            /// The start of a string or a regular expression. Its text is dropped; the code in `\( )` follows as
            /// tokens.
            case literal
            /// Any other single character.
            case mark
        }

        let kind: Kind
        let text: String
        /// The line, counted from 1.
        let line: Int
        /// True if the token follows the previous one without a gap.
        let isGlued: Bool
    }

    /// All tokens in source order.
    private(set) var tokens: [Token] = []
    /// The text of the comments by line, including the comment marks.
    private(set) var comments: [Int: String] = [:]

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var isGlued = false

    init(_ text: String) {
        bytes = Array(text.utf8)
        while position < bytes.count { scanToken() }
    }

    /// Returns the comment that ends directly above a line, with its lines joined, or an empty text if there is none.
    func comment(above line: Int) -> String {
        var above = line - 1
        var found: [String] = []
        while let comment = comments[above] {
            found.append(comment)
            above -= 1
        }
        return found.reversed().joined(separator: "\n")
    }

    private mutating func scanToken() {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\n"):
            line += 1
            position += 1
            isGlued = false
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
            position += 1
            isGlued = false
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): scanLineComment()
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): scanBlockComment()
        case UInt8(ascii: "\""): scanString(hashes: 0)
        case UInt8(ascii: "#"): scanHash()
        case UInt8(ascii: "`"): scanQuotedName()
        case UInt8(ascii: "@"):
            position += 1
            scanWord(prefix: "@")
        case _ where Self.isWordByte(byte): scanWord(prefix: "")
        default:
            position += 1
            add(.mark, String(UnicodeScalar(byte)))
        }
    }

    private mutating func scanLineComment() {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        comments[line] = String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Scans a block comment. Block comments nest (The Swift Programming Language, Lexical Structure).
    private mutating func scanBlockComment() {
        var depth = 0
        var start = position
        repeat {
            if bytes[position] == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if bytes[position] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                position += 2
            } else {
                if bytes[position] == UInt8(ascii: "\n") {
                    comments[line] = String(decoding: bytes[start..<position], as: UTF8.self)
                    line += 1
                    start = position + 1
                }
                position += 1
            }
        } while depth > 0 && position < bytes.count
        comments[line] = String(decoding: bytes[start..<position], as: UTF8.self)
        isGlued = false
    }

    /// Scans `#"…"#`, `#/…/#`, or a directive such as `#if` or `#filePath`.
    private mutating func scanHash() {
        let start = position
        while peek(0) == UInt8(ascii: "#") { position += 1 }
        let hashes = position - start
        if peek(0) == UInt8(ascii: "\"") {
            scanString(hashes: hashes)
        } else if peek(0) == UInt8(ascii: "/") {
            add(.literal, "/")
            position += 1
            skip(past: [UInt8(ascii: "/")] + [UInt8](repeating: UInt8(ascii: "#"), count: hashes))
        } else {
            scanWord(prefix: "#")
        }
    }

    /// Scans a name in backticks, which may be a whole sentence with punctuation.
    private mutating func scanQuotedName() {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "`"), bytes[position] != UInt8(ascii: "\n") {
            position += 1
        }
        position = min(position + 1, bytes.count)
        add(.word, String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func scanWord(prefix: String) {
        let start = position
        while let byte = peek(0), Self.isWordByte(byte) { position += 1 }
        let isNumber = prefix.isEmpty && (0x30...0x39).contains(bytes[start])
        add(isNumber ? .number : .word, prefix + String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Scans a string literal from its first quote on, and the code within `\( )` as code.
    private mutating func scanString(hashes: Int) {
        add(.literal, "\"")
        let isMultiline = peek(1) == UInt8(ascii: "\"") && peek(2) == UInt8(ascii: "\"")
        let marks = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        let end = [UInt8](repeating: UInt8(ascii: "\""), count: isMultiline ? 3 : 1) + marks
        let escape = [UInt8(ascii: "\\")] + marks
        position += isMultiline ? 3 : 1
        while position < bytes.count {
            if stands(end) {
                position += end.count
                return
            }
            if stands(escape) {
                position += escape.count
                if peek(0) == UInt8(ascii: "(") {
                    scanInterpolation()
                } else {
                    skipByte()
                }
            } else {
                // The end of the line closes an unterminated literal, so that it does not hide the rest of the file.
                if !isMultiline, bytes[position] == UInt8(ascii: "\n") { return }
                skipByte()
            }
        }
    }

    private mutating func scanInterpolation() {
        var depth = 0
        repeat {
            let byte = bytes[position]
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            scanToken()
        } while depth > 0 && position < bytes.count
    }

    private mutating func skip(past end: [UInt8]) {
        while position < bytes.count, !stands(end) { skipByte() }
        position = min(position + end.count, bytes.count)
    }

    private mutating func skipByte() {
        guard position < bytes.count else { return }
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private mutating func add(_ kind: Token.Kind, _ text: String) {
        tokens.append(Token(kind: kind, text: text, line: line, isGlued: isGlued))
        isGlued = true
    }

    private func peek(_ offset: Int) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private func stands(_ expected: [UInt8]) -> Bool {
        bytes[position...].starts(with: expected)
    }

    /// Returns true for a letter, digit, underscore, dollar sign, or a byte of a non-ASCII character.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}
