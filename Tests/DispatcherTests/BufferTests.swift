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
    @Test func `eight bytes hold a control character exactly if one of them is one`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<8 {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 8)
                // A neighbour at either bound, so that what is borrowed from it would show.
                bytes[(place + 1) % 8] = 0x80
                bytes[(place + 7) % 8] = 0x20
                bytes[place] = byte
                let eight = bytes.span.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
                #expect(Octet.hasControl(eight) == (byte < 32 || byte == 127) || byte < 128, "\(byte) at \(place)")
                #expect(bytes.span.isFieldContent(from: 0, to: 8) == Octet.isFieldContent(byte), "\(byte) at \(place)")
            }
        }
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
