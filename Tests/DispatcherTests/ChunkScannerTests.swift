import F2SModel
import NIOCore
import Testing

@testable import F2SDispatcher

@Suite struct ChunkScannerTests {
    /// Complete bodies, each with its content and its length in bytes.
    static let complete: [(String, String, Int)] = [
        ("0\r\n\r\n", "", 5), ("5\r\nhello\r\n0\r\n\r\n", "hello", 15), ("5\r\nhello\r\n0\r\n\r\nGET /", "hello", 15),
        ("1\r\na\r\n2\r\nbc\r\n00\r\n\r\n", "abc", 19), ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 20),
        ("a;x=y;z=\"q\"\r\n0123456789\r\n0;last\r\n\r\n", "0123456789", 35),
        ("000000000000005\r\nhello\r\n0\r\n\r\n", "hello", 29), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 12),
        ("1;a=\"b;\\\"c \";d\r\na\r\n0\r\n\r\n", "a", 24),
        ("0\r\nHosts: a\r\nX-Forward: b\r\nContent-Lengt: c\r\n\r\n", "", 47),
        ("0\r\nCookies: a\r\nSet-Cooki: b\r\n\r\n", "", 31),
        ("1 ;a\r\na\r\n0\t; b = c ;\td=\"e\" \t;f\r\n\r\n", "a", 34), ("1; a\r\na\r\n0\r\n\r\n", "a", 14),
        ("1\r\na\r\n0\r\nTrailer: x\r\nOther:\r\n\r\nrest", "a", 31),
    ]

    static let malformed = [
        "\r\n", "x\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloX\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", "1000000000000000\r\n", "FFFFFFFFFFFFFFFFF\r\n",
        ";x\r\n",
        "5\rhello", "5;a\nb\r\nhello\r\n", "5;a\rb\r\nhello\r\n", "5;\u{0}\r\nhello\r\n", "0\r\nX : y\r\n\r\n",
        "0\r\n x\r\n\r\n",
        "0\r\nX\r\n\r\n", "0\r\n\rX", "0\r\n\n", "0\r\n:\r\n\r\n", "0\r\nX: \u{1}\r\n\r\n", "0\r\nX: y\n\r\n",
        "0\r\nX: y\rz\r\n\r\n",
        "1\r\na\r\n\r\n", "g\r\n",
        // Extensions that two readers may end at different positions, or that are invalid (RFC 9112 section 7.1.1).
        "1;\r\na\r\n", "1;=\r\na\r\n", "1;a=\r\na\r\n", "1;a b\r\na\r\n", "1;a \r\na\r\n", "1;a=b \r\na\r\n",
        "1;a=\"b\" \r\na\r\n",
        "1; \r\na\r\n", "1 ;a= \r\na\r\n", "1 x\r\na\r\n", "1;a=\"b\r\nx\r\n",
        "1;a=\"b\\\r\nx\r\n", "1;a=\"b\"c\r\na\r\n", "1;a;\r\na\r\n", "1;a=b\"\r\na\r\n",
        // Trailers that frame, that concern one hop only, that claim the origin of the request, or that hold cookies.
        "0\r\nContent-Length: 5\r\n\r\n", "0\r\ntransfer-encoding: chunked\r\n\r\n", "0\r\nConnection: close\r\n\r\n",
        "0\r\nHost: b\r\n\r\n", "0\r\nUpgrade: x\r\n\r\n", "0\r\nAuthorization: x\r\n\r\n", "0\r\nForwarded: x\r\n\r\n",
        "0\r\nCookie: f2s-session=1\r\n\r\n", "0\r\nset-cookie: a=b\r\n\r\n", "0\r\nSet_Cookie: a=b\r\n\r\n",
        "0\r\nX-Forwarded-For: x\r\n\r\n", "0\r\nX_Forwarded_Anything: x\r\n\r\n",
        "0\r\nA: b\r\nContent_Length: 1\r\n\r\n",
    ]

    private func scan(_ text: String, pieces: (ByteBuffer) -> [ByteBuffer]) throws -> (
        content: String, count: Int, isDone: Bool
    ) {
        var scanner = ChunkScanner()
        var content = ""
        var count = 0
        for piece in pieces(ByteBuffer(string: text)) {
            count += try scanner.scan(piece.readableBytesUInt8Span, from: 0) { run in
                content += piece.getString(at: run.lower, length: run.count) ?? "?"
            }
            if scanner.isDone { break }
        }
        return (content, count, scanner.isDone)
    }

    private func bytes(_ buffer: ByteBuffer) -> [ByteBuffer] {
        buffer.readableBytesView.map { ByteBuffer(bytes: [$0]) }
    }

    @Test(arguments: complete) func `the end of a body is found in one piece and byte by byte`(
        text: String, content: String, count: Int
    ) throws {
        for found in [try scan(text, pieces: { [$0] }), try scan(text, pieces: bytes)] {
            #expect(found.content == content)
            #expect(found.count == count)
            #expect(found.isDone)
        }
    }

    @Test(arguments: complete) func `an incomplete body is neither done nor malformed`(
        text: String, content: String, count: Int
    ) throws {
        for length in 0..<count {
            let found = try scan(String(decoding: text.utf8.prefix(length), as: UTF8.self), pieces: { [$0] })
            #expect(!found.isDone)
            #expect(found.count == length)
        }
    }

    @Test(arguments: malformed) func `a malformed body is rejected in one piece and byte by byte`(
        text: String
    ) {
        #expect(throws: ChunkScanner.Failure.self) { try self.scan(text, pieces: { [$0] }) }
        #expect(throws: ChunkScanner.Failure.self) { try self.scan(text, pieces: self.bytes) }
    }

    @Test func `extensions and trailers share one limit`() throws {
        let half = String(repeating: "x", count: ChunkScanner.overheadMax / 2 - 10)
        #expect(try scan("1;\(half)\r\na\r\n0\r\nT:\(half)\r\n\r\n", pieces: { [$0] }).isDone)
        #expect(throws: ChunkScanner.Failure.self) {
            try self.scan("1;\(half)\r\na\r\n0\r\nT:\(half)\(half)\r\n\r\n", pieces: { [$0] })
        }
        let manyTrailers = String(repeating: "ab:\r\n", count: ChunkScanner.overheadMax)
        #expect(throws: ChunkScanner.Failure.self) { try self.scan("0\r\n\(manyTrailers)\r\n", pieces: { [$0] }) }
    }

    @Test func `the result does not depend on the pieces in which random bytes arrive`() {
        var generator = SplitMix64(seed: 7)
        let alphabet = Array("0123aF;\r\n\r\n: x\u{0}".utf8)
        for round in 0..<4000 {
            var text = "2\r\nab\r\n0\r\nT: u\r\n\r\n".utf8.map { $0 }
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let index = Int.random(in: 0..<text.count, using: &generator)
                text[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let string = String(decoding: text, as: UTF8.self)
            let whole = Result { try scan(string, pieces: { [$0] }) }
            let single = Result { try scan(string, pieces: bytes) }
            switch (whole, single) {
            case (.success(let one), .success(let two)):
                #expect(one == two, "round \(round): \(string.debugDescription)")
            case (.failure, .failure): break
            default: Issue.record("round \(round): \(string.debugDescription)")
            }
        }
    }
}
