import Synchronization

/// Checks one input. libFuzzer calls this function. A property that does not hold ends the program.
/// - Returns: 0, as libFuzzer requires.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count).span
    guard input.count > Circumstances.count else { return 0 }
    session.withLock { session in
        do throws(Finding) {
            try session.check(Circumstances(input[0], input[1]), input.extracting(Circumstances.count...))
        } catch {
            error.report(input)
        }
    }
    return 0
}

/// The objects that are reused for every input, so that creating them does not cost time for each input.
private let session = Mutex(Session())

private struct Session {
    private var whole = Trace()
    private var pieces = Trace()
    private var comparison: Comparison?
    private var forwarding = ForwardingCheck()

    /// Checks all properties with one stream.
    mutating func check(_ circumstances: Circumstances, _ stream: Span<UInt8>) throws(Finding) {
        var reader = CodecReader(circumstances)
        try reader.read(stream, in: .whole, into: &whole)
        for arriving in [Pieces.bytes, Pieces(seed: circumstances.seed)] {
            var reader = CodecReader(circumstances)
            try reader.read(stream, in: arriving, into: &pieces)
            guard pieces == whole else {
                throw Finding("Read in pieces (\(arriving)) it is\n\(pieces)\nand read as a whole it is\n\(whole)")
            }
        }
        try compare(stream, circumstances)
    }

    private mutating func compare(_ stream: Span<UInt8>, _ circumstances: Circumstances) throws(Finding) {
        var comparison: Comparison
        do {
            comparison = try self.comparison ?? Comparison()
        } catch {
            throw Finding("NIO's decoder cannot be set up: \(error)")
        }
        self.comparison = comparison
        try comparison.check(whole, of: stream, circumstances)
        try forwarding.check(whole, of: stream, circumstances, with: &comparison)
    }
}
