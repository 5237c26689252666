import F2SMetrics
import Testing

@Suite struct InstrumentTests {
    @Test func `the same name and labels return the same instrument in any order of labels`() {
        let registry = MetricRegistry()
        let one = registry.counter("f2s_x_total", help: "X.", labels: [("a", "1"), ("b", "2")])
        let two = registry.counter("f2s_x_total", help: "X.", labels: [("b", "2"), ("a", "1")])
        let other = registry.counter("f2s_x_total", help: "X.", labels: [("a", "2"), ("b", "1")])
        one.add()
        two.add(2)
        #expect(one === two)
        #expect(one.value == 3)
        #expect(other.value == 0)
    }

    @Test func `no write of concurrent tasks is lost`() async {
        let registry = MetricRegistry()
        let counter = registry.counter("f2s_x_total", help: "X.")
        let gauge = registry.gauge("f2s_y", help: "Y.")
        let histogram = registry.histogram("f2s_z_seconds", help: "Z.", buckets: [0.001, 1])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.add()
                        gauge.add(task.isMultiple(of: 2) ? 1 : -0.5)
                        histogram.observe(nanoseconds: UInt64(task) * 1_000_000)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(gauge.value == 20_000)
        #expect(histogram.reading.counts == [20_000, 60_000, 0])
        #expect(histogram.reading.sumNanoseconds == 28 * 10_000 * 1_000_000)
    }

    @Test func `setting a gauge discards earlier additions`() {
        let gauge = MetricRegistry().gauge("f2s_y", help: "Y.")
        gauge.add(5)
        gauge.set(2)
        gauge.add(-3)
        #expect(gauge.value == -1)
    }

    @Test(
        arguments: [
            (0, [1, 0, 0]), (999_999, [1, 0, 0]), (1_000_000, [1, 0, 0]), (1_000_001, [0, 1, 0]),
            (1_000_000_000, [0, 1, 0]), (1_000_000_001, [0, 0, 1]), (.max, [0, 0, 1]),
        ] as [(UInt64, [UInt64])])
    func `a duration falls into the first bucket whose bound it does not exceed`(nanoseconds: UInt64, counts: [UInt64])
    {
        let histogram = MetricRegistry().histogram("f2s_z_seconds", help: "Z.", buckets: [0.001, 1])
        histogram.observe(nanoseconds: nanoseconds)
        #expect(histogram.reading.counts == counts)
        #expect(histogram.reading.count == 1)
    }

    @Test func `bounds are sorted, and invalid ones are dropped`() {
        let registry = MetricRegistry()
        let odd = registry.histogram(
            "f2s_z_seconds", help: "Z.", buckets: [5, 0.1, .nan, .infinity, -1, 0, 5, 1e-12, 1e300])
        #expect(odd.reading.seconds == [0.1, 5])
        let many = registry.histogram("f2s_many_seconds", help: "Z.", buckets: (1...100).map(Double.init))
        #expect(many.reading.seconds.count == Histogram.bucketsMax)
        many.observe(nanoseconds: .max)
        #expect(many.reading.counts.last == 1)
        let none = registry.histogram("f2s_none_seconds", help: "Z.", buckets: [])
        none.observe(nanoseconds: 7)
        #expect(none.reading.counts == [1])
    }

    @Test func `all series of a histogram have the bounds of the first declaration`() {
        let registry = MetricRegistry()
        _ = registry.histogram("f2s_z_seconds", help: "Z.", labels: [("a", "1")], buckets: [1])
        let second = registry.histogram("f2s_z_seconds", help: "Z.", labels: [("a", "2")], buckets: [2, 3])
        #expect(second.reading.seconds == [1])
    }
}
