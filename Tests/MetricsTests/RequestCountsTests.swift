import F2SMetrics
import F2SModel
import Testing

@Suite struct RequestCountsTests {
    private func counts(_ ok: UInt32, failures: [UInt32] = [], abandoned: UInt32 = 0) -> RequestCounts {
        var counts = RequestCounts(failures: failures, abandoned: abandoned)
        counts.responses[.successful] = ok
        return counts
    }

    @Test func `the difference of two counts is exact even if a counter wraps in between`() {
        let stages = Stage.allCases.count
        let earlier = counts(.max - 1, abandoned: 7)
        let later = counts(3, failures: Array(repeating: 2, count: stages), abandoned: 9)
        let difference = later.since(earlier)
        #expect(difference.responses[.successful] == 5)
        #expect(difference.abandoned == 2)
        #expect(difference.failures(of: .start) == 2)
        #expect(difference.failed == 2 * stages)
        #expect(difference.ended == 5 + 2 + 2 * stages)
        #expect(later.since(later).isZero)
        #expect(RequestCounts().isZero && !difference.isZero)
    }

    @Test func `durations are those between the two counts`() throws {
        let histogram = Histogram(bounds: Histogram.Bounds([0.001, 1]))
        histogram.observe(nanoseconds: 1)
        let earlier = RequestCounts(duration: histogram.reading)
        histogram.observe(nanoseconds: 500_000_000)
        let later = RequestCounts(duration: histogram.reading)
        #expect(try #require(later.since(earlier).duration).counts == [0, 1, 0])
        #expect(try #require(later.since(RequestCounts()).duration).counts == [1, 1, 0])
    }

    @Test(arguments: [
        (0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.75, 1.5), (1.0, 2.0), (-1.0, 0.0), (2.0, 2.0),
    ])
    func `a quantile is interpolated within its bucket`(quantile: Double, expected: Double) {
        let histogram = Histogram(bounds: Histogram.Bounds([1, 2, 4]))
        for seconds: UInt64 in [1, 1, 2, 2] { histogram.observe(nanoseconds: seconds * 1_000_000_000) }
        #expect(histogram.reading.quantile(quantile) == expected)
    }

    @Test func `a quantile above the bounds is the highest bound, and an empty histogram has none`() {
        let histogram = Histogram(bounds: Histogram.Bounds([1, 2]))
        #expect(histogram.reading.quantile(0.5) == nil)
        histogram.observe(nanoseconds: 9_000_000_000)
        #expect(histogram.reading.quantile(0.5) == 2)
        #expect(Histogram(bounds: Histogram.Bounds([])).reading.quantile(0.5) == nil)
    }

    @Test(arguments: [(101, "1xx"), (200, "2xx"), (304, "3xx"), (499, "4xx"), (503, "5xx"), (799, "5xx")])
    func `a status belongs to one class`(status: Int, text: String) {
        #expect(StatusClass(status).text == text)
        var counts = StatusCounts()
        counts[StatusClass(status)] += 1
        #expect(counts.total == 1)
        #expect(StatusClass.allCases.count { counts[$0] == 1 } == 1)
    }
}
