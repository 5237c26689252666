import NIOCore

extension ByteBuffer {
    /// How much of what was consumed may lie in front of what was not.
    private static let consumedBytesMax = 64 * 1024

    /// Adds what has just been received to what is not consumed yet. What is consumed gives its room back: a sender
    /// that always leaves a byte over would otherwise make the buffer hold everything it ever sent.
    mutating func append(received bytes: inout ByteBuffer) {
        guard readableBytes > 0 else {
            self = bytes
            return
        }
        if readerIndex > Self.consumedBytesMax { discardReadBytes() }
        writeBuffer(&bytes)
    }
}
