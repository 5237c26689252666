/// What the first two bytes of an input say; the rest is what arrives on the connection.
///
/// The first is a digit in the corpus, so that a file reads like what it tests: `0` requests, `1` responses to GET,
/// `3` the first of each two responses answers HEAD, `5` the second, `7` both.
struct Circumstances {
    let isResponse: Bool
    private let headRequests: UInt8
    /// What the random pieces follow from.
    let seed: UInt8

    /// Bytes in front of what arrives.
    static let count = 2

    init(_ selector: UInt8, _ seed: UInt8) {
        isResponse = selector & 1 == 1
        headRequests = selector >> 1 & 3
        self.seed = seed
    }

    /// Whether the n-th response answers a HEAD request; those of status 1xx are not counted.
    func isAnswerToHead(_ index: Int) -> Bool { headRequests >> UInt8(index & 1) & 1 == 1 }
}

/// In what pieces the bytes arrive.
enum Pieces {
    case whole
    case bytes
    /// Lengths from 1 to 32 that look random and follow from the seed.
    case random(state: UInt32)

    init(seed: UInt8) { self = .random(state: UInt32(seed) &* 2_654_435_761 | 1) }

    /// Length of the next piece of what is left, at least 1.
    mutating func nextLength(of left: Int) -> Int {
        switch self {
        case .whole: return left
        case .bytes: return 1
        case .random(let state):
            let next = state &* 1_664_525 &+ 1_013_904_223
            self = .random(state: next)
            // The upper bound is drawn first, so that short pieces are as frequent as long ones.
            let longest = UInt32(1) << ((next >> 20) % 6)
            return min(left, Int(1 + (next >> 24) % longest))
        }
    }
}
