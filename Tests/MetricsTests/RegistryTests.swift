import F2SMetrics
import Synchronization
import Testing

@Suite struct RegistryTests {
    @Test func `a metric that the exposition itself would change is read first and stays in its order`() {
        let registry = MetricRegistry()
        let order = Mutex<[String]>([])
        for (name, isReadFirst) in [("a_bytes", false), ("b_bytes", true), ("c_bytes", false)] {
            registry.observe(name, help: "A test.", kind: .gauge, isReadFirst: isReadFirst) {
                order.withLock { $0.append(name) }
                return [Sample(1)]
            }
        }
        let shown = registry.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(shown == ["a_bytes 1", "b_bytes 1", "c_bytes 1"])
        #expect(order.withLock { $0 } == ["b_bytes", "a_bytes", "c_bytes"])
    }

    @Test func `the exposition of an empty registry is empty`() {
        #expect(MetricRegistry().exposition().isEmpty)
    }

    @Test func `families and series are sorted, and each family has one header`() {
        let registry = MetricRegistry()
        registry.gauge("f2s_b", help: "B.", labels: [("function", "z")]).set(1.5)
        registry.counter("f2s_a_total", help: "A.", labels: [("stage", "queue"), ("function", "x")]).add(7)
        registry.gauge("f2s_b", help: "ignored", labels: [("function", "a")]).set(-2)
        registry.gauge("f2s_c", help: "C.").set(.infinity)
        let expected = """
            # HELP f2s_a_total A.
            # TYPE f2s_a_total counter
            f2s_a_total{function="x",stage="queue"} 7
            # HELP f2s_b B.
            # TYPE f2s_b gauge
            f2s_b{function="a"} -2
            f2s_b{function="z"} 1.5
            # HELP f2s_c C.
            # TYPE f2s_c gauge
            f2s_c +Inf

            """
        #expect(registry.exposition() == expected)
        #expect(registry.exposition() == expected)
    }

    @Test func `the buckets of a histogram are cumulative, and the last one has no bound`() {
        let registry = MetricRegistry()
        let histogram = registry.histogram(
            "f2s_d_seconds", help: "D.", labels: [("function", "x")], buckets: [0.005, 1, 2.5])
        for nanoseconds: UInt64 in [1_000_000, 5_000_000, 1_500_000_000, 9_000_000_000] {
            histogram.observe(nanoseconds: nanoseconds)
        }
        #expect(
            registry.exposition() == """
                # HELP f2s_d_seconds D.
                # TYPE f2s_d_seconds histogram
                f2s_d_seconds_bucket{function="x",le="0.005"} 2
                f2s_d_seconds_bucket{function="x",le="1"} 2
                f2s_d_seconds_bucket{function="x",le="2.5"} 3
                f2s_d_seconds_bucket{function="x",le="+Inf"} 4
                f2s_d_seconds_sum{function="x"} 10.506
                f2s_d_seconds_count{function="x"} 4

                """)
    }

    @Test func `help texts and label values are escaped by their own rules`() {
        let registry = MetricRegistry()
        registry.counter("f2s_a_total", help: "a \"b\" \\ c\nd", labels: [("path", "\\\"\né")]).add()
        #expect(
            registry.exposition() == #"""
                # HELP f2s_a_total a "b" \\ c\nd
                # TYPE f2s_a_total counter
                f2s_a_total{path="\\\"\né"} 1

                """#)
    }

    @Test func `values that are read at scrape time are exposed beside instruments, which take precedence`() {
        let registry = MetricRegistry()
        registry.gauge("f2s_a", help: "A.", labels: [("x", "2")]).set(2)
        registry.observe("f2s_a", help: "A.", kind: .gauge) {
            [Sample(1, labels: [("x", "1")]), Sample(9, labels: [("x", "2")]), Sample(3, labels: [("bad name", "")])]
        }
        registry.observe("f2s_a", help: "A.", kind: .gauge) { [Sample(8, labels: [("x", "1")])] }
        registry.observe("f2s_empty", help: "Nothing yet.", kind: .counter) { [] }
        #expect(
            registry.exposition() == """
                # HELP f2s_a A.
                # TYPE f2s_a gauge
                f2s_a{x="1"} 1
                f2s_a{x="2"} 2

                """)
    }

    @Test func `a reader may use the registry itself`() {
        let registry = MetricRegistry()
        registry.observe("f2s_a", help: "A.", kind: .gauge) { [weak registry] in
            [Sample(Double(registry?.rejections.count ?? -1))]
        }
        #expect(registry.exposition().hasSuffix("f2s_a 0\n"))
    }

    @Test func `histograms that are stored elsewhere are exposed like those of the registry`() {
        let registry = MetricRegistry()
        let bounds = Histogram.Bounds([1, 0.005])
        let histogram = Histogram(bounds: bounds)
        histogram.observe(nanoseconds: 2_000_000)
        histogram.observe(nanoseconds: 3_000_000_000)
        registry.histogram("f2s_d_seconds", help: "D.", labels: [("x", "0")], buckets: [0.005, 1])
            .observe(nanoseconds: 7)
        registry.observeHistograms("f2s_d_seconds", help: "D.", buckets: bounds) {
            [
                HistogramSample(histogram.reading, labels: [("x", "2")]),
                HistogramSample(Histogram.Reading(of: bounds), labels: [("x", "1")]),
                // The first of two samples counts; other bounds than the family's and invalid names do not.
                HistogramSample(Histogram.Reading(of: bounds), labels: [("x", "2")]),
                HistogramSample(Histogram.Reading(of: Histogram.Bounds([3])), labels: [("x", "3")]),
                HistogramSample(Histogram.Reading(of: bounds), labels: [("le", "4")]),
            ]
        }
        #expect(
            registry.exposition() == """
                # HELP f2s_d_seconds D.
                # TYPE f2s_d_seconds histogram
                f2s_d_seconds_bucket{x="0",le="0.005"} 1
                f2s_d_seconds_bucket{x="0",le="1"} 1
                f2s_d_seconds_bucket{x="0",le="+Inf"} 1
                f2s_d_seconds_sum{x="0"} 7e-09
                f2s_d_seconds_count{x="0"} 1
                f2s_d_seconds_bucket{x="1",le="0.005"} 0
                f2s_d_seconds_bucket{x="1",le="1"} 0
                f2s_d_seconds_bucket{x="1",le="+Inf"} 0
                f2s_d_seconds_sum{x="1"} 0
                f2s_d_seconds_count{x="1"} 0
                f2s_d_seconds_bucket{x="2",le="0.005"} 1
                f2s_d_seconds_bucket{x="2",le="1"} 1
                f2s_d_seconds_bucket{x="2",le="+Inf"} 2
                f2s_d_seconds_sum{x="2"} 3.002
                f2s_d_seconds_count{x="2"} 2

                """)
        registry.observeHistograms("f2s_d_total", help: "D.", buckets: bounds) { [] }
        _ = registry.counter("f2s_d_total", help: "D.")
        #expect(registry.rejections.count == 1)
    }

    @Test(arguments: [
        ("", [("a", "")]), ("1st", []), ("f2s-a", []), ("f2s_ä", []), ("f2s_a", [("", "x")]), ("f2s_a", [("le", "1")]),
        ("f2s_a", [("__name", "1")]), ("f2s_a", [("a:b", "1")]), ("f2s_a", [("a", "1"), ("a", "2")]), ("f2s_taken", []),
    ])
    func `an invalid declaration is recorded as a rejection and affects no other metric`(
        name: String, labels: [(String, String)]
    ) {
        let registry = MetricRegistry()
        registry.gauge("f2s_taken", help: "T.").set(1)
        let before = registry.exposition()
        let counter = registry.counter(name, help: "A.", labels: labels)
        counter.add()
        #expect(counter.value == 1)
        #expect(registry.exposition() == before)
        #expect(registry.rejections.count == 1)
    }

    @Test func `the number of series is limited`() {
        let registry = MetricRegistry(seriesMax: 2)
        for index in 0..<500 {
            registry.counter("f2s_a_total", help: "A.", labels: [("function", "\(index)")]).add()
        }
        #expect(registry.exposition().split(separator: "\n").count == 4)
        #expect(registry.rejections.count == 100)
    }
}
