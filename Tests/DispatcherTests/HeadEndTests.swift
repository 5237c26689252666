import NIOCore
import Testing

@testable import F2SDispatcher

/// Tests the search for the end of a head that arrives in pieces.
@Suite struct HeadEndTests {
    static let cases: [(String, Int?)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27), ("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore\r\n\r\n", 27),
        ("a\r\n\r\n", 5), ("\r\n\r\n", 4), ("a\n\n", 3), ("a\n\r\n", 4), ("a\r\n\n", 4), ("a\n\n\n", 3),
        ("", nil), ("\r", nil), ("\r\n", nil), ("\r\n\r", nil), ("a\r\nb\r\nc", nil), ("a\r\r\n", nil), ("\n\r", nil),
        ("\n", nil),
        ("\r\n\rx\n\r\n", 7), ("\n\rx\r\n\r\n", 7),
    ]

    private func end(_ text: String, first count: Int? = nil, from: inout Int) -> Int? {
        let buffer = ByteBuffer(bytes: Array(text.utf8)[..<(count ?? text.utf8.count)])
        return HeadScanner.end(of: buffer.readableBytesUInt8Span, from: &from)
    }

    @Test(arguments: cases) func `the end is found in one piece`(text: String, wanted: Int?) {
        var searched = 0
        #expect(end(text, from: &searched) == wanted)
    }

    @Test(arguments: cases) func `the end is found byte by byte as soon as it has arrived`(text: String, wanted: Int?) {
        var searched = 0
        for count in 0...text.utf8.count {
            let found = end(text, first: count, from: &searched)
            if let wanted, count >= wanted {
                #expect(found == wanted, "\(text.debugDescription) after \(count) bytes")
                return
            }
            #expect(found == nil, "\(text.debugDescription) after \(count) bytes")
            #expect(searched <= count)
        }
        #expect(wanted == nil)
    }

    @Test(arguments: cases) func `any two pieces give the same end`(text: String, wanted: Int?) {
        for cut in 0...text.utf8.count {
            var searched = 0
            let first = end(text, first: cut, from: &searched)
            #expect((first ?? end(text, from: &searched)) == wanted, "\(text.debugDescription) cut at \(cut)")
        }
    }
}
