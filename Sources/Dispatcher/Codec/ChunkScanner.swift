/// Follows the chunked coding (RFC 9112 section 7.1) to find where it ends, strictly. The bytes pass through unchanged,
/// which is only safe because nothing ambiguous passes.
struct ChunkScanner {
    enum Failure: Error { case malformed }

    private enum State {
        case size, extensions, sizeLineFeed, data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed, done
    }

    private var state = State.size
    private var remaining = 0
    private var digits = 0
    /// Bytes of extensions or trailers: both are bounded, neither is content.
    private var overhead = 0

    static let overheadMax = 16 * 1024

    var isDone: Bool { state == .done }

    /// Consumes what belongs to this body.
    /// - Parameter content: told about each run of content, for those who need it without its framing.
    /// - Returns: how many bytes belong to the body; fewer than given only at its end.
    mutating func scan(_ bytes: Span<UInt8>, from: Int, content: (ByteRange) -> Void = { _ in }) throws(Failure) -> Int
    {
        var index = from
        while index < bytes.count, state != .done {
            if state == .data {
                let run = min(remaining, bytes.count &- index)
                content(ByteRange(index, index &+ run))
                remaining &-= run
                index &+= run
                if remaining == 0 { state = .dataCarriageReturn }
                continue
            }
            try step(bytes[index])
            index &+= 1
        }
        return index &- from
    }

    private mutating func step(_ byte: UInt8) throws(Failure) {
        switch state {
        case .size:
            if let digit = Octet.hexadecimal(byte) {
                guard digits < 15 else { throw .malformed }
                remaining = remaining << 4 | digit
                digits &+= 1
            } else {
                guard digits > 0 else { throw .malformed }
                switch byte {
                case Octet.carriageReturn: state = .sizeLineFeed
                case Octet.semicolon: state = .extensions
                default: throw .malformed
                }
            }
        case .extensions:
            if byte == Octet.carriageReturn { state = .sizeLineFeed } else { try countOverhead(byte) }
        case .sizeLineFeed:
            try expect(byte, Octet.lineFeed)
            digits = 0
            state = remaining == 0 ? .trailerStart : .data
        case .data, .done: break
        case .dataCarriageReturn:
            try expect(byte, Octet.carriageReturn)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, Octet.lineFeed)
            state = .size
        case .trailerStart:
            if byte == Octet.carriageReturn {
                state = .endLineFeed
            } else {
                guard Octet.isToken(byte) else { throw .malformed }
                state = .trailerName
            }
        case .trailerName:
            if byte == Octet.colon {
                state = .trailerValue
            } else {
                guard Octet.isToken(byte) else { throw .malformed }
            }
            overhead &+= 1
        case .trailerValue:
            if byte == Octet.carriageReturn { state = .trailerLineFeed } else { try countOverhead(byte) }
        case .trailerLineFeed:
            try expect(byte, Octet.lineFeed)
            state = .trailerStart
        case .endLineFeed:
            try expect(byte, Octet.lineFeed)
            state = .done
        }
        guard overhead <= Self.overheadMax else { throw .malformed }
    }

    private mutating func countOverhead(_ byte: UInt8) throws(Failure) {
        guard Octet.isFieldContent(byte) else { throw .malformed }
        overhead &+= 1
    }

    private func expect(_ byte: UInt8, _ wanted: UInt8) throws(Failure) {
        guard byte == wanted else { throw .malformed }
    }
}
