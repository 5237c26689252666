import Glibc

/// A buffer of bytes that grows as needed. Buffers are reused (see ``BufferPool``), so that an invocation allocates
/// nothing.
///
/// The bytes are in plain memory and not in an array. An array checks at each of the thirty appends of a request
/// whether its storage is shared: 1.3 % of a small request's CPU in the profile of `Benchmarks/profile`, not counting
/// the growth of new arrays.
final class Buffer {
    private var memory: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    private var start = 0
    private var end = 0

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        memory = .allocate(capacity: self.capacity)
    }

    deinit { memory.deallocate() }

    var count: Int { end &- start }
    var isEmpty: Bool { end == start }

    func clear() {
        start = 0
        end = 0
    }

    /// Calls `body` with the bytes. The buffer must not be changed during the call.
    @inline(__always)
    func withBytes<Result, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: memory + start, count: end &- start).span)
    }

    /// Removes `count` bytes at the front.
    func drop(_ count: Int) {
        start += min(count, self.count)
        if start == end { clear() }
    }

    /// Ensures capacity for `count` more bytes.
    @inline(__always)
    func reserve(_ count: Int) {
        if capacity &- end < count { enlarge(count) }
    }

    /// Reclaims the space of the bytes that were dropped at the front, and grows the memory only if that is not enough.
    @inline(never)
    private func enlarge(_ wanted: Int) {
        let held = count
        if start > 0 {
            memmove(memory, memory + start, held)
            start = 0
            end = held
        }
        guard capacity - held < wanted else { return }
        capacity = max(capacity * 2, held + wanted)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, memory, held)
        memory.deallocate()
        memory = larger
    }

    // MARK: Adding

    @inline(__always)
    func append(_ byte: UInt8) {
        reserve(1)
        memory[end] = byte
        end &+= 1
    }

    @inline(__always)
    func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        reserve(count)
        memcpy(memory + end, text.utf8Start, count)
        end &+= count
    }

    /// Appends text that is composed at run time, for the slow paths.
    func append(text: String) {
        for byte in text.utf8 { append(byte) }
    }

    @inline(__always)
    func append(_ bytes: [UInt8]) { append(bytes.span) }

    @inline(__always)
    func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            reserve(source.count)
            memcpy(memory + end, base, source.count)
            end &+= source.count
        }
    }

    /// Appends a part of other bytes. An empty or reversed range appends nothing; a range beyond the bytes traps.
    @inline(__always)
    func append(_ bytes: Span<UInt8>, _ range: ByteRange) {
        guard !range.isEmpty else { return }
        append(bytes.extracting(range.lower..<range.upper))
    }

    /// Appends a number as 16 hexadecimal digits.
    @inline(__always)
    func appendHexadecimal(_ number: UInt64) {
        reserve(16)
        let target = UnsafeMutableRawPointer(memory + end)
        target.storeBytes(of: Self.digits(UInt32(truncatingIfNeeded: number >> 32)), as: UInt64.self)
        target.storeBytes(of: Self.digits(UInt32(truncatingIfNeeded: number)), toByteOffset: 8, as: UInt64.self)
        end &+= 16
    }

    /// Returns eight digits at once: each nibble is spread to its own byte, and those above 9 are moved to the letters.
    @inline(__always)
    private static func digits(_ number: UInt32) -> UInt64 {
        var nibbles = UInt64(number.byteSwapped)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = nibbles >> 4 & 0x000F_000F_000F_000F | (nibbles & 0x000F_000F_000F_000F) << 8
        let isLetter = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (nibbles &+ 0x3030_3030_3030_3030 &+ isLetter &* 39).littleEndian
    }

    /// Lets the system write up to `countMax` bytes behind the existing ones.
    /// - Parameter body: Writes the bytes and returns their number. A negative number is an error and adds nothing.
    /// - Returns: The result of `body`.
    @inline(__always)
    func receive(upTo countMax: Int, _ body: (UnsafeMutableRawPointer) -> Int) -> Int {
        reserve(countMax)
        let received = body(memory + end)
        if received > 0 { end &+= min(received, countMax) }
        return received
    }
}

/// The unused buffers of one event loop.
struct BufferPool {
    private var free: [Buffer] = []

    /// The capacity of a new buffer in bytes; most heads fit into it.
    static let capacity = 1024
    /// The largest capacity, in bytes, of a buffer that is kept.
    static let capacityMax = 16 * 1024
    /// The most buffers that are kept: usually as many as a loop has invocations at a time.
    static let countMax = 256

    init() { free.reserveCapacity(Self.countMax) }

    @inline(__always)
    mutating func acquire() -> Buffer { free.isEmpty ? Buffer(capacity: Self.capacity) : free.removeLast() }

    @inline(__always)
    mutating func release(_ buffer: consuming Buffer) {
        guard free.count < Self.countMax, buffer.capacity <= Self.capacityMax else { return }
        buffer.clear()
        free.append(buffer)
    }
}
