import F2SModel
import Testing

@Suite struct BackoffTests {
    @Test(
        arguments: [
            (Backoff(base: .seconds(1), maximum: .seconds(30)), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]),
            (Backoff(base: .milliseconds(50), maximum: .milliseconds(200)), [50, 100, 200, 200]),
            (Backoff(base: .milliseconds(10), factor: 10, maximum: .seconds(1)), [10, 100, 1000, 1000]),
            (Backoff(base: .milliseconds(10), factor: 1, maximum: .seconds(1)), [10, 10, 10]),
            (Backoff(base: .seconds(5), maximum: .seconds(1)), [1000, 1000]),
            (Backoff(base: .zero, maximum: .seconds(1)), [0, 0, 0]),
            (Backoff(base: .seconds(-1), factor: -3, maximum: .seconds(1)), [0, 0]),
            (Backoff(base: .seconds(1), maximum: .seconds(-1)), [0, 0]),
        ] as [(Backoff, [Int])])
    func `the pause grows by the factor up to the longest one`(backoff: Backoff, milliseconds: [Int]) {
        #expect(milliseconds.indices.map { backoff.pause(after: $0 + 1) } == milliseconds.map { .milliseconds($0) })
    }

    @Test(arguments: [(Int.min, 1), (-1, 1), (0, 1), (1, 1), (1000, 60), (Int.max, 60)])
    func `any number of failures has a pause between the first and the longest one`(failures: Int, seconds: Int) {
        #expect(Backoff(base: .seconds(1), maximum: .seconds(60)).pause(after: failures) == .seconds(seconds))
        #expect(Backoff(base: .seconds(1), factor: 1, maximum: .seconds(60)).pause(after: failures) == .seconds(1))
        #expect(Backoff(base: .zero, maximum: .seconds(60)).pause(after: failures) == .zero)
    }

    @Test func `a pause with jitter lasts at least half of the pause without it`() {
        let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(1))
        var generator = SplitMix64(seed: 1)
        for (failures, pause) in [100, 200, 400, 800, 1000, 1000].enumerated() {
            for _ in 0..<100 {
                let actual = backoff.pause(after: failures + 1, using: &generator)
                #expect(actual >= .milliseconds(pause) / 2 && actual <= .milliseconds(pause))
            }
        }
    }

    @Test func `two clients that fail at the same time retry at different times`() {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(9))
        var (one, equal, other) = (SplitMix64(seed: 1), SplitMix64(seed: 1), SplitMix64(seed: 2))
        let pause = backoff.pause(after: 1, using: &one)
        #expect(pause == backoff.pause(after: 1, using: &equal))
        #expect(pause != backoff.pause(after: 1, using: &other))
    }
}
