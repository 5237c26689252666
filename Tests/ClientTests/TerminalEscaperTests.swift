import Testing

@testable import F2SClient

/// The output of a function must not control the terminal of its reader.
struct TerminalEscaperTests {
    @Test(arguments: [
        ("\u{1B}[2J\u{1B}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"), ("\u{9B}31m", "\\u{9b}31m"),
        ("a\u{202E}gpj.exe", "a\\u{202e}gpj.exe"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        ("\u{200E}\u{200F}\u{061C}", "\\u{200e}\\u{200f}\\u{61c}"), ("a\rb", "a\\u{d}b"),
        ("a\u{8}b\u{7F}", "a\\u{8}b\\u{7f}"),
        ("line\r\nnext\n\ttab", "line\r\nnext\n\ttab"), ("é 日本 👨‍👩‍👧 $", "é 日本 👨‍👩‍👧 $"), ("", ""),
    ])
    func `control sequences are escaped, whatever the size of the pieces`(text: String, expected: String) {
        #expect(TerminalEscaper.escaped(text) == expected)
        for size in 1...5 {
            var escaper = TerminalEscaper()
            var shown = ""
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                shown += escaper.text(adding: Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(shown + escaper.last() == expected)
        }
    }

    @Test(
        arguments: [
            ([0x9B, 0x41], "\\x9bA"), ([0xC3], "\\xc3"), ([0xE2, 0x80], "\\xe2\\x80"), ([0xC0, 0x80], "\\xc0\\x80"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xFF, 0x0A], "\\xff\n"), ([0x00], "\\u{0}"),
        ] as [([UInt8], String)])
    func `bytes that are not UTF-8 are escaped`(bytes: [UInt8], expected: String) {
        var escaper = TerminalEscaper()
        #expect(escaper.text(adding: bytes) + escaper.last() == expected)
    }

    @Test func `complete characters are shown at once`() {
        var escaper = TerminalEscaper()
        #expect(escaper.text(adding: Array("prompt> ".utf8)) == "prompt> ")
        #expect(escaper.text(adding: Array("é".utf8)) == "é")
        #expect(escaper.text(adding: [0xC3]).isEmpty)
        #expect(escaper.text(adding: [0xA9, 0x21]) == "é!")
    }
}
