import Testing

@testable import F2SDispatcher

@Suite struct BodyReaderTests {
    @Test(arguments: [
        (Framing.none, "abc", 0, true, 0), (.length(2), "abc", 2, true, 2), (.length(3), "abc", 3, true, 3),
        (.length(4), "abc", 3, false, 3), (.untilClose, "abc", 3, false, 3),
        (.chunked, "1\r\na\r\n0\r\n\r\nxyz", 11, true, 1),
        (.chunked, "1\r\na\r\n", 6, false, 1),
    ])
    func `a reader consumes the content and no bytes after it`(
        framing: Framing, text: String, count: Int, isDone: Bool, content: Int
    ) throws {
        var reader = BodyReader(framing)
        #expect(try reader.consume(Array(text.utf8).span) == count)
        #expect(reader.isDone == isDone)
        #expect(reader.contentBytes == content)
    }

    @Test func `content is reported without the framing of chunks, as ranges of the passed bytes`() throws {
        let bytes = Array("skipped3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n".utf8)
        let span = bytes.span.extracting(droppingFirst: 7)
        var reader = BodyReader(.chunked)
        var content = ""
        _ = try reader.consume(span) { run in content += span.text(run) }
        #expect(content == "abcde")
        #expect(reader.contentBytes == 5)
    }

    @Test(arguments: [
        (Framing.length(3), "abcGET", 10, 3 as Int?), (.length(3), "ab", 10, nil),
        (.length(11), "abcabcabcabc", 10, nil),
        (.chunked, "1\r\na\r\n0\r\n\r\nGET", 20, 11), (.chunked, "1\r\na\r\n0\r\n\r\nGET", 10, nil),
        (.chunked, "1\r\na\r\n", 20, nil),
        (.chunked, "broken", 20, nil), (.untilClose, "abc", 10, nil),
    ])
    func `completeLength finds the end of a small complete body without consuming it`(
        framing: Framing, text: String, bytesMax: Int, length: Int?
    ) throws {
        var reader = BodyReader(framing)
        let bytes = Array(text.utf8)
        #expect(reader.completeLength(in: bytes.span, bytesMax: bytesMax) == length)
        #expect(reader.contentBytes == 0)
        if let length { #expect(try reader.consume(bytes.span) == length) }
    }
}
