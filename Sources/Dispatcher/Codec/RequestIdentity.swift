/// Random bits that identify one request, in `X-Request-Id` and `traceparent` (W3C Trace Context) if the client sent
/// none.
struct RequestIdentity {
    let high: UInt64
    let low: UInt64
    let span: UInt64

    /// Writes 32 hexadecimal digits.
    func writeRequestID(into out: Buffer) {
        out.appendHexadecimal(high)
        out.appendHexadecimal(low)
    }

    /// Writes version 00, the trace, the parent and `not sampled`, because F2S does not decide about sampling.
    func writeTraceparent(into out: Buffer) {
        out.append("00-")
        writeRequestID(into: out)
        out.append("-")
        out.appendHexadecimal(span | 1)
        out.append("-00")
    }
}

/// A small random number generator for each event loop (SplitMix64), seeded by the system's generator. The identifiers
/// must be unlikely to collide; they are not secret.
struct IdentityGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> RequestIdentity {
        RequestIdentity(high: nextNumber(), low: nextNumber() | 1, span: nextNumber())
    }

    private mutating func nextNumber() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
