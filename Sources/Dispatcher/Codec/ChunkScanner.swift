/// Reads the chunked coding (RFC 9112 section 7.1) strictly, to find its end. The bytes are passed on as they are,
/// which is safe only because nothing ambiguous passes. Chunk extensions are dropped: they concern one connection only,
/// and parsers differ in what they accept as an extension.
struct ChunkScanner {
    enum Failure: Error { case malformed }

    private enum State {
        case size, sizeLineFeed
        case extensionSpace, extensionStart, extensionName, extensionNameEnd, extensionValueStart, extensionValue
        case extensionQuoted, extensionQuotedPair, extensionEnd
        case data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed, done
    }

    private var state = State.size
    private var trailerName = TrailerName()
    private var remaining = 0
    private var digits = 0
    /// Bytes of extensions and trailers. Both are bounded, and neither is content.
    private var overhead = 0

    static let overheadMax = 16 * 1024

    var isDone: Bool { state == .done }

    /// Reads the bytes that belong to this body.
    /// - Parameters:
    ///   - content: Called with each run of content, without its framing.
    ///   - dropped: Called with each run that is not passed on.
    /// - Returns: The number of bytes that belong to the body. It is less than the number of available bytes only at
    ///   the end of the body.
    mutating func scan(
        _ bytes: Span<UInt8>, from: Int, content: (ByteRange) -> Void = { _ in },
        dropped: (ByteRange) -> Void = { _ in }
    ) throws(Failure) -> Int {
        var index = from
        var droppedStart = from
        while index < bytes.count, state != .done {
            if state == .data {
                let run = min(remaining, bytes.count &- index)
                content(ByteRange(index, index &+ run))
                remaining &-= run
                index &+= run
                if remaining == 0 { state = .dataCarriageReturn }
                droppedStart = index
                continue
            }
            try step(bytes[index])
            if !isInExtension {
                if droppedStart < index { dropped(ByteRange(droppedStart, index)) }
                droppedStart = index &+ 1
            }
            index &+= 1
        }
        if isInExtension, droppedStart < index { dropped(ByteRange(droppedStart, index)) }
        return index &- from
    }

    private var isInExtension: Bool {
        switch state {
        case .extensionSpace, .extensionStart, .extensionName, .extensionNameEnd, .extensionValueStart,
            .extensionValue, .extensionQuoted, .extensionQuotedPair, .extensionEnd:
            true
        default: false
        }
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
                case Octet.semicolon: state = .extensionStart
                case Octet.space, Octet.tab: state = .extensionSpace
                default: throw .malformed
                }
            }
        case .extensionSpace, .extensionStart, .extensionName, .extensionNameEnd, .extensionValueStart,
            .extensionValue, .extensionQuoted, .extensionQuotedPair, .extensionEnd:
            try stepExtension(byte)
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
                trailerName = TrailerName()
                trailerName.add(byte)
                state = .trailerName
            }
        case .trailerName:
            if byte == Octet.colon {
                guard !trailerName.isForbidden else { throw .malformed }
                state = .trailerValue
            } else {
                guard Octet.isToken(byte) else { throw .malformed }
                trailerName.add(byte)
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

    /// Reads one byte of `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )` (RFC 9112 section 7.1.1).
    private mutating func stepExtension(_ byte: UInt8) throws(Failure) {
        let quote = UInt8(ascii: "\"")
        switch (state, byte) {
        case (.extensionQuoted, quote): state = .extensionEnd
        case (.extensionQuoted, UInt8(ascii: "\\")): state = .extensionQuotedPair
        case (.extensionQuoted, _): break
        case (.extensionQuotedPair, _): state = .extensionQuoted
        case (.extensionSpace, Octet.space), (.extensionSpace, Octet.tab), (.extensionStart, Octet.space),
            (.extensionStart, Octet.tab), (.extensionNameEnd, Octet.space), (.extensionNameEnd, Octet.tab),
            (.extensionValueStart, Octet.space), (.extensionValueStart, Octet.tab):
            break
        case (.extensionName, Octet.space), (.extensionName, Octet.tab): state = .extensionNameEnd
        case (.extensionValue, Octet.space), (.extensionValue, Octet.tab), (.extensionEnd, Octet.space),
            (.extensionEnd, Octet.tab):
            state = .extensionSpace
        case (.extensionStart, _) where Octet.isToken(byte): state = .extensionName
        case (.extensionName, _) where Octet.isToken(byte): break
        case (.extensionName, UInt8(ascii: "=")), (.extensionNameEnd, UInt8(ascii: "=")): state = .extensionValueStart
        case (.extensionValueStart, quote): state = .extensionQuoted
        case (.extensionValueStart, _) where Octet.isToken(byte): state = .extensionValue
        case (.extensionValue, _) where Octet.isToken(byte): break
        case (.extensionSpace, Octet.semicolon), (.extensionName, Octet.semicolon),
            (.extensionNameEnd, Octet.semicolon), (.extensionValue, Octet.semicolon), (.extensionEnd, Octet.semicolon):
            state = .extensionStart
        case (.extensionName, Octet.carriageReturn), (.extensionValue, Octet.carriageReturn),
            (.extensionEnd, Octet.carriageReturn):
            state = .sizeLineFeed
            return
        default: throw .malformed
        }
        try countOverhead(byte)
    }

    private mutating func countOverhead(_ byte: UInt8) throws(Failure) {
        guard Octet.isFieldContent(byte) else { throw .malformed }
        overhead &+= 1
    }

    private func expect(_ byte: UInt8, _ wanted: UInt8) throws(Failure) {
        guard byte == wanted else { throw .malformed }
    }
}
