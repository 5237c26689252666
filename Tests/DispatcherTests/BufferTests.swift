import Glibc
import Testing

@testable import F2SDispatcher

@Suite struct BufferTests {
    @Test func `a buffer that is never quite empty does not grow`() {
        let input = Buffer(capacity: 64)
        for round in 0..<10_000 {
            input.append([UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 1024))
            input.drop(input.count - 1)
        }
        #expect(input.count == 1)
        #expect(input.withBytes { $0[0] } == UInt8(truncatingIfNeeded: 9999))
        #expect(input.capacity <= 4096)
    }

    @Test func `bytes that are not dropped stay in order while the buffer grows`() {
        let buffer = Buffer(capacity: 64)
        buffer.append("ab")
        buffer.drop(1)
        for number in 0..<200 { buffer.append(text: "\(number),") }
        #expect(buffer.text == "b" + (0..<200).map { "\($0)," }.joined())
        buffer.drop(10_000)
        #expect(buffer.isEmpty)
        buffer.append(UInt8(ascii: "x"))
        #expect(buffer.text == "x")
    }

    @Test(arguments: [0, 0x9, 0xA, 0xF, 0x10, 0x99AA_FF00_0123_4567, 0x0123_4567_89AB_CDEF, UInt64.max])
    func `a number is appended as 16 hexadecimal digits`(number: UInt64) {
        let buffer = Buffer(capacity: 64)
        buffer.appendHexadecimal(number)
        let digits = String(number, radix: 16)
        #expect(buffer.text == String(repeating: "0", count: 16 - digits.count) + digits)
    }

    @Test func `receive appends as many bytes as its closure returns`() {
        let buffer = Buffer(capacity: 64)
        buffer.append("ab")
        let received = buffer.receive(upTo: 100) { memory in
            memset(memory, Int32(UInt8(ascii: "c")), 100)
            return 3
        }
        #expect(received == 3)
        #expect(buffer.receive(upTo: 5) { _ in -1 } == -1)
        #expect(buffer.text == "abccc")
    }

    @Test func `a pool reuses released buffers, empties them and drops oversized ones`() {
        var pool = BufferPool()
        let small = Buffer(capacity: 100)
        small.append("left over")
        pool.release(small)
        pool.release(Buffer(capacity: BufferPool.capacityMax + 1))
        let first = pool.acquire()
        #expect(first === small)
        #expect(first.isEmpty)
        #expect(pool.acquire().capacity == BufferPool.capacity)
    }
}

@Suite struct OctetTests {
    @Test func `a field value ends at the first forbidden byte at any position`() {
        for byte in UInt8.min...UInt8.max {
            for location in 0..<20 {
                var bytes = Array("text/plain; q=\u{E4}\t\u{7E} x".utf8)
                bytes[location] = byte
                let end = Octet.isFieldContent(byte) ? bytes.count : location
                #expect(bytes.span.fieldContentEnd(from: 0, to: bytes.count) == end, "\(byte) at \(location)")
            }
        }
    }

    @Test(arguments: ["te", "upgrade", "forwarded", "connection", "transfer-encoding", "content_length", "http://"])
    func `names are compared without letter case, and any other byte makes a difference`(name: String) {
        let text: StaticString =
            switch name {
            case "te": "te"
            case "upgrade": "upgrade"
            case "forwarded": "forwarded"
            case "connection": "connection"
            case "content_length": "content_length"
            case "transfer-encoding": "transfer-encoding"
            default: "http://"
            }
        let bytes = Array(name.utf8)
        for location in bytes.indices {
            for byte in UInt8(33)...UInt8.max where byte != 127 {
                var other = bytes
                other[location] = byte
                let isSame = Octet.lowercased(byte) == bytes[location]
                let found = other.span.isCaseInsensitively(text, in: ByteRange(0, other.count))
                #expect(found == isSame, "\(byte) at \(location)")
            }
        }
        let longer = bytes + [UInt8(ascii: "x")]
        let isSame = longer.span.isCaseInsensitively(text, in: ByteRange(0, longer.count))
        #expect(!isSame)
    }

    @Test func `a token ends at the first byte that is not a token character at any position`() {
        for byte in UInt8.min...UInt8.max {
            for location in 0..<19 {
                var bytes = Array("Content-Length-2026".utf8)
                bytes[location] = byte
                let end = Octet.isToken(byte) ? bytes.count : location
                #expect(bytes.span.tokenEnd(from: 0, to: bytes.count) == end, "\(byte) at \(location)")
            }
        }
        #expect(Array("abc:def".utf8).span.tokenEnd(from: 1, to: 2) == 2)
    }

    @Test func `an authority does not contain separators or control characters`() {
        let separators = Array(" \"#,/<>?@\\".utf8)
        for byte in UInt8.min...UInt8.max {
            let isSeparator = byte < 32 || byte == 127 || separators.contains(byte)
            #expect(Octet.isAuthority(byte) != isSeparator, "\(byte)")
        }
    }
}
