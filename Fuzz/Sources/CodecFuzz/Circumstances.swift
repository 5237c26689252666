/// The settings of a run, from the first two bytes of an input. The remaining bytes arrive on the connection.
///
/// The first byte is a digit in the corpus, so that the files are readable. `0`: requests. `1`: responses to GET. `3`,
/// `5` and `7`: responses, of which the first, the second or both of each pair answer HEAD.
struct Circumstances {
    let isResponse: Bool
    private let headRequests: UInt8
    /// The seed of the random pieces.
    let seed: UInt8

    /// The number of bytes before the bytes that arrive.
    static let count = 2

    init(_ selector: UInt8, _ seed: UInt8) {
        isResponse = selector & 1 == 1
        headRequests = selector >> 1 & 3
        self.seed = seed
    }

    /// Returns true if the final response with this index, counted from 0, answers a HEAD request.
    func isAnswerToHead(_ index: Int) -> Bool { headRequests >> UInt8(index & 1) & 1 == 1 }
}

/// The pieces in which the bytes arrive.
enum Pieces {
    case whole
    case bytes
    /// Pseudorandom lengths from 1 to 32, determined by the seed.
    case random(state: UInt32)

    init(seed: UInt8) { self = .random(state: UInt32(seed) &* 2_654_435_761 | 1) }

    /// Returns the length of the next piece: at least 1 and at most `left`.
    mutating func nextLength(of left: Int) -> Int {
        switch self {
        case .whole: return left
        case .bytes: return 1
        case .random(let state):
            let next = state &* 1_664_525 &+ 1_013_904_223
            self = .random(state: next)
            // The upper bound is drawn first. Otherwise most pieces would be long.
            let longest = UInt32(1) << ((next >> 20) % 6)
            return min(left, Int(1 + (next >> 24) % longest))
        }
    }
}
