import F2SModel

// Routes are matched against a path as it was sent. A path with percent signs may be another spelling of the same path
// (RFC 3986 section 6.2.2), so its normal form is matched.
extension RouteTable {
    /// Returns true if a head's path is that of an invocation.
    static func isInvocation(_ bytes: Span<UInt8>, _ head: RequestHead) -> Bool {
        guard head.hasEscapes else { return isInvocation(bytes, path: head.path) }
        let path = PlainPath(bytes, head.path)
        return isInvocation(path.bytes.span, path: ByteRange(0, path.bytes.count))
    }

    func match(_ bytes: Span<UInt8>, _ head: RequestHead) -> Match {
        let preflight = head.known.preflightMethod
        guard head.hasEscapes else {
            return match(bytes, path: head.path, method: head.method, preflight: preflight)
        }
        let path = PlainPath(bytes, head.path)
        let match = match(
            path.bytes.span, path: ByteRange(0, path.bytes.count), method: head.method, preflight: preflight)
        guard case .found(let entry, let rest) = match else { return match }
        return .found(entry, rest: head.path.lower + path.offset(of: rest))
    }
}

/// A path in its normal form: no character is percent-encoded that a route may contain as it is. Other characters stay
/// encoded: an encoded slash does not separate segments.
private struct PlainPath {
    private(set) var bytes: [UInt8] = []
    /// The original offset of each byte, and of the end.
    private var offsets: [Int] = []

    init(_ source: Span<UInt8>, _ path: ByteRange) {
        bytes.reserveCapacity(path.count)
        offsets.reserveCapacity(path.count + 1)
        var index = path.lower
        while index < path.upper {
            offsets.append(index - path.lower)
            if let byte = Self.escaped(source, index, path.upper), Route.isSegmentByte(byte) {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        offsets.append(path.count)
    }

    func offset(of index: Int) -> Int { offsets[index] }

    private static func escaped(_ source: Span<UInt8>, _ index: Int, _ end: Int) -> UInt8? {
        guard source[index] == Octet.percent, index + 2 < end, let high = Octet.hexadecimal(source[index + 1]),
            let low = Octet.hexadecimal(source[index + 2])
        else { return nil }
        return UInt8(high << 4 | low)
    }
}
