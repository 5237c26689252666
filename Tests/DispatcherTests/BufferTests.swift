import Glibc
import Testing

@testable import F2SDispatcher

@Suite struct BufferTests {
    @Test func `a sender that always leaves a byte over fills no memory`() {
        let input = Buffer(capacity: 64)
        for round in 0..<10_000 {
            input.append([UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 1024))
            input.drop(input.count - 1)
        }
        #expect(input.count == 1)
        #expect(input.withBytes { $0[0] } == UInt8(truncatingIfNeeded: 9999))
        #expect(input.capacity <= 4096)
    }

    @Test func `what is not dropped stays in order, however the memory grows`() {
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
    func `hexadecimal digits are those of the number`(number: UInt64) {
        let buffer = Buffer(capacity: 64)
        buffer.appendHexadecimal(number)
        let digits = String(number, radix: 16)
        #expect(buffer.text == String(repeating: "0", count: 16 - digits.count) + digits)
    }

    @Test func `what the system writes behind the end counts as far as it says`() {
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

    @Test func `a pool gives back what it was given, empty, and keeps no giants`() {
        var pool = BufferPool()
        let small = Buffer(capacity: 100)
        small.append("left over")
        pool.put(small)
        pool.put(Buffer(capacity: BufferPool.capacityMax + 1))
        let first = pool.take()
        #expect(first === small)
        #expect(first.isEmpty)
        #expect(pool.take().capacity == BufferPool.capacity)
    }
}

@Suite struct OctetTests {
    @Test func `a value ends at the first byte that it may not hold, wherever that stands`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var bytes = Array("text/plain; q=\u{E4}\t\u{7E} x".utf8)
                bytes[place] = byte
                let end = Octet.isFieldContent(byte) ? bytes.count : place
                #expect(bytes.span.fieldContentEnd(from: 0, to: bytes.count) == end, "\(byte) at \(place)")
            }
        }
    }

    @Test(arguments: ["te", "upgrade", "forwarded", "connection", "transfer-encoding", "content_length", "http://"])
    func `a name is the same in any letter case, and with any other byte it is another one`(name: String) {
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
        for place in bytes.indices {
            for byte in UInt8(33)...UInt8.max where byte != 127 {
                var other = bytes
                other[place] = byte
                let isSame = Octet.lowercased(byte) == bytes[place]
                let found = other.span.isCaseInsensitively(text, in: ByteRange(0, other.count))
                #expect(found == isSame, "\(byte) at \(place)")
            }
        }
        let longer = bytes + [UInt8(ascii: "x")]
        let isSame = longer.span.isCaseInsensitively(text, in: ByteRange(0, longer.count))
        #expect(!isSame)
    }

    @Test func `a token ends at the first byte that is none, wherever it stands`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<19 {
                var bytes = Array("Content-Length-2026".utf8)
                bytes[place] = byte
                let end = Octet.isToken(byte) ? bytes.count : place
                #expect(bytes.span.tokenEnd(from: 0, to: bytes.count) == end, "\(byte) at \(place)")
            }
        }
        #expect(Array("abc:def".utf8).span.tokenEnd(from: 1, to: 2) == 2)
    }

    @Test func `a host and port hold nothing that separates them from something else`() {
        let separators = Array(" \"#,/<>?@\\".utf8)
        for byte in UInt8.min...UInt8.max {
            let isSeparator = byte < 32 || byte == 127 || separators.contains(byte)
            #expect(Octet.isAuthority(byte) != isSeparator, "\(byte)")
        }
    }
}
