import F2SModel

/// Random bits that identify one request, in `X-Request-Id` and `traceparent` (W3C Trace Context) if the client sent
/// none.
struct RequestIdentity {
    let high: UInt64
    let low: UInt64
    let span: UInt64

    /// The request ID: 32 hexadecimal digits.
    var text: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

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

/// Generates the identities of one event loop's requests. They must be unlikely to collide; they are not secret.
struct IdentityGenerator {
    private var generator: SplitMix64

    /// - Parameter seed: A random number, different for each event loop.
    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func next() -> RequestIdentity {
        RequestIdentity(high: generator.next(), low: generator.next() | 1, span: generator.next())
    }
}
