import NIOCore
import Testing

@testable import F2SDispatcher

@Suite struct ReceivedBytesTests {
    @Test func `a sender that always leaves a byte over fills no memory`() {
        var input = ByteBuffer()
        for round in 0..<10_000 {
            var received = ByteBuffer(repeating: UInt8(truncatingIfNeeded: round), count: 1024)
            input.append(received: &received)
            input.moveReaderIndex(forwardBy: input.readableBytes - 1)
        }
        #expect(input.readableBytes == 1)
        #expect(input.getInteger(at: input.readerIndex, as: UInt8.self) == UInt8(truncatingIfNeeded: 9999))
        #expect(input.capacity <= 256 * 1024)
    }

    @Test func `what is not consumed stays in order`() {
        var input = ByteBuffer(string: "ab")
        input.moveReaderIndex(forwardBy: 1)
        var received = ByteBuffer(string: "cd")
        input.append(received: &received)
        #expect(String(buffer: input) == "bcd")
    }
}
