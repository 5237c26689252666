import F2SModel
import Testing

@Suite struct LineSplitterTests {
    @Test(
        arguments: [
            (["one\ntwo\n"], ["one", "two"], nil), (["o", "ne\r\n", "\n"], ["one", ""], nil), (["a\nb"], ["a"], "b"),
            (["12345678\n"], ["1234", "5678"], nil), (["123456"], ["1234"], "56"), ([""], [], nil),
            // A line of exactly the longest length is one line.
            (["1234\n5"], ["1234"], "5"), (["1234", "\r\n"], ["1234", ""], nil), (["123\r\n"], ["123"], nil),
            (["a\rb\n"], ["a\rb"], nil), (["a\r"], [], "a"), (["\n\n"], ["", ""], nil),
            (["a\r\nb\n\nhalf"], ["a", "b", ""], "half"),
        ] as [([String], [String], String?)])
    func `bytes are split into lines of bounded length`(pieces: [String], lines: [String], last: String?) {
        var splitter = LineSplitter(lineBytesMax: 4)
        let found = pieces.flatMap { splitter.lines(adding: Array($0.utf8).span) }
        #expect(found == lines && splitter.last() == last && splitter.last() == nil)
    }

    @Test func `the lines do not depend on how the bytes are split`() {
        let bytes = Array("a\r\nb\n\nlong line\r\nhalf".utf8)
        var whole = LineSplitter(lineBytesMax: 4)
        let lines = whole.lines(adding: bytes.span)
        var single = LineSplitter(lineBytesMax: 4)
        #expect(bytes.flatMap { single.lines(adding: [$0].span) } == lines)
        #expect(single.partial == "half" && single.last() == whole.last())
    }

    @Test func `the text after the last line end can be read before the line is complete`() {
        var splitter = LineSplitter()
        #expect(splitter.partial == nil)
        #expect(splitter.lines(adding: Array("a\nb".utf8).span) == ["a"] && splitter.partial == "b")
        #expect(splitter.lines(adding: Array("c\n".utf8).span) == ["bc"] && splitter.partial == nil)
    }

    @Test func `bytes that are not UTF-8 do not end the lines`() {
        var splitter = LineSplitter()
        #expect(splitter.lines(adding: ([0xFF, 0x41, 0x0A] as [UInt8]).span) == ["\u{FFFD}A"])
    }

    @Test func `a line of a log is split at 16 KiB, and a limit below one byte is one byte`() {
        var splitter = LineSplitter()
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: LineSplitter.logLineBytesMax + 1)
        #expect(splitter.lines(adding: (long + [UInt8(ascii: "\n")]).span).map(\.utf8.count) == [16 * 1024, 1])
        var tiny = LineSplitter(lineBytesMax: 0)
        #expect(tiny.lines(adding: Array("ab\n".utf8).span) == ["a", "b"])
    }
}
