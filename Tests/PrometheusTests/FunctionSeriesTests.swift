import F2SModel
import Testing

@testable import F2SPrometheus

@Suite struct FunctionSeriesTests {
    private static let steps = TimeSteps(seconds: 40, end: 130, scrapeSeconds: 1)

    @Test func `each series has a value per step, and is zero where F2S was scraped and has counted nothing`() {
        let matrix = PrometheusMatrix([
            Samples.series(.processes, [:], [(110, 1), (120, 2), (130, 2)]),
            Samples.series(.requests, ["status": "2xx"], [(120, 0.5), (130, 1.5)]),
            Samples.series(.requests, ["status": "unknown"], [(120, 9)]),
            Samples.series(.errors, ["stage": "queue"], [(110, 0), (130, 0.25)]),
            Samples.series(.errors, ["stage": "start"], [(130, 0)]),
            Samples.series(.p50, [:], [(120, .nan), (130, 0.01)]),
            Samples.series(.p95, [:], [(130, .infinity)]),
            Samples.series(.inFlight, [:], [(130, 3)]),
            Samples.series(.desired, [:], [(130, 2)]),
            Samples.series(.coldStarts, [:], [(120, 1), (999, 5)]),
            PrometheusMatrix.Series(labels: [:], samples: [.init(time: 130, value: 7)]),
        ])
        let series = FunctionSeries(matrix, at: Self.steps)
        #expect(series.stepSeconds == 10 && series.end == 130 && series.processes == 2)
        #expect(Set(series.responses.keys) == ["1xx", "2xx", "3xx", "4xx", "5xx"])
        #expect(series.responses["2xx"] == [nil, 0, 0.5, 1.5])
        #expect(series.responses["5xx"] == [nil, 0, 0, 0])
        #expect(series.failures == [.queue: [nil, 0, 0, 0.25]])
        #expect(series.p50 == [nil, nil, nil, 0.01] && series.p95 == [nil, nil, nil, nil])
        #expect(series.inFlight == [nil, 0, 0, 3] && series.coldStarts == [nil, 0, 1, 0])
        #expect(series.desired == [nil, nil, nil, 2] && series.slots == [nil, nil, nil, nil])
    }

    @Test func `processes are counted at the end only, and a number that is too large is none`() {
        let cases = [([(110.0, 2.0)], 0), ([(120, 2)], 2), ([(120, 3), (130, 2)], 2), ([(130, 1e300)], 0)]
        for (samples, expected) in cases {
            let series = FunctionSeries(PrometheusMatrix([Samples.series(.processes, [:], samples)]), at: Self.steps)
            #expect(series.processes == expected, "\(samples)")
        }
    }

    @Test func `an answer without series has unknown values`() {
        let series = FunctionSeries(PrometheusMatrix(), at: Self.steps)
        #expect(series.processes == 0 && series.failures.isEmpty)
        #expect(series.responses["2xx"] == [nil, nil, nil, nil] && series.coldStarts == [nil, nil, nil, nil])
    }
}
