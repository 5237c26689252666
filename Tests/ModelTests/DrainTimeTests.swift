import F2SModel
import Testing

@Suite struct DrainTimeTests {
    @Test(
        arguments: [
            (nil, nil, 30, 150), (nil, nil, 300, 300), (10, nil, 30, 40), (10, nil, 60, 60), (500, nil, 30, 150),
            (nil, 5, 300, 5), (100, 0, 30, 0), (10, 86_400, 30, 86_400),
        ] as [(Int?, Int?, Int, Int)])
    func `the drain time is the declared one, or else the larger of the setting and the timeout with a margin`(
        timeout: Int?, declared: Int?, setting: Int, expected: Int
    ) {
        let target = Target(timeout: timeout.map { .seconds($0) }, drainTimeout: declared.map { .seconds($0) })
        let time = target.drainTime(requestTimeout: .seconds(120), standard: .seconds(setting))
        #expect(time == .seconds(expected))
    }
}
