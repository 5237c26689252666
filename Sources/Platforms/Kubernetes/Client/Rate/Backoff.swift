/// Pauses that double, with jitter, so that many who failed together do not come back together.
struct Backoff: Sendable {
    private let first: Duration
    private let max: Duration
    private var failures = 0
    private var state: UInt64

    /// - Parameter seed: the same pauses for the same seed.
    init(first: Duration, max: Duration, seed: UInt64) {
        self.first = first
        self.max = max
        state = seed
    }

    /// The next pause: between half and all of what doubling gives, at most `max`.
    mutating func next() -> Duration {
        let ceiling = failures < 30 ? min(max, first * (1 << failures)) : max
        failures += 1
        let share = Double(random() >> 11) / Double(1 << 53)
        return ceiling * (0.5 + share / 2)
    }

    /// Begins anew after a success.
    mutating func reset() { failures = 0 }

    /// SplitMix64.
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
