import Testing

@testable import F2SPrometheus

@Suite struct TimeStepsTests {
    @Test(arguments: [
        // The range, the interval of the scrapes, the step, and the number of steps.
        (10, 1, 10, 1), (900, 1, 10, 90), (3600, 10, 10, 360), (3600, 15, 20, 180), (3600, 60, 60, 60),
        (21_600, 15, 60, 360), (86_400, 15, 300, 288), (604_800, 15, 1800, 336), (604_800, 300, 1800, 336),
        (10, 60, 60, 1), (3601, 1, 20, 181),
    ])
    func `a chart has at most 360 steps, and none is shorter than the interval of the scrapes`(
        seconds: Int, scrape: Int, step: Int, count: Int
    ) {
        let steps = TimeSteps(seconds: seconds, end: 1_700_000_000, scrapeSeconds: scrape)
        #expect(steps.stepSeconds == step && steps.count == count)
        #expect(steps.count <= TimeSteps.countMax && steps.stepSeconds >= scrape)
        #expect(steps.start == 1_700_000_000 - (count - 1) * step)
    }

    @Test func `a sample belongs to the nearest step`() {
        let steps = TimeSteps(seconds: 30, end: 100, scrapeSeconds: 1)
        #expect(steps.start == 80)
        #expect([79, 80, 84.9, 85.1, 100, 100.2].map { steps.index(at: $0) } == [0, 0, 0, 1, 2, 2])
        #expect([0, 70, 110, 1e300, .infinity, -.infinity, .nan].map { steps.index(at: $0) }.allSatisfy { $0 == nil })
    }

    private static let scrapes: [([[Double]], Int?)] = [
        ([[0, 15, 30, 45]], 15), ([[0, 15, 30, 75, 90]], 15), ([[0, 14.9, 29.8], [5, 20, 35]], 15), ([[0, 0.5, 1]], 1),
        ([[0, 1e300]], 300), ([[7]], 60), ([[], [7, 67]], 60), ([], nil), ([[]], nil),
    ]

    @Test(arguments: scrapes)
    func `the interval of the scrapes is the usual distance of samples`(times: [[Double]], seconds: Int?) {
        let series = times.map { times in
            PrometheusMatrix.Series(labels: [:], samples: times.map { .init(time: $0, value: 1) })
        }
        #expect(ScrapeInterval(PrometheusMatrix(series))?.seconds == seconds)
    }
}
