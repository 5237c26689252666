/// Exponential backoff with jitter, so that clients that failed at the same time do not retry at the same time.
struct Backoff: Sendable {
    private let first: Duration
    private let max: Duration
    private var failures = 0
    private var state: UInt64

    /// - Parameter seed: the seed of the jitter. Equal seeds give equal pauses.
    init(first: Duration, max: Duration, seed: UInt64) {
        self.first = first
        self.max = max
        state = seed
    }

    /// Returns the next pause: between half and all of the doubled pause, which is at most `max`.
    mutating func next() -> Duration {
        let ceiling = failures < 30 ? min(max, first * (1 << failures)) : max
        failures += 1
        let share = Double(random() >> 11) / Double(1 << 53)
        return ceiling * (0.5 + share / 2)
    }

    /// Begins again with the first pause, after a success.
    mutating func reset() { failures = 0 }

    /// Returns the next number of the generator SplitMix64.
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
