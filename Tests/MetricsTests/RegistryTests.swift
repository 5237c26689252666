import F2SMetrics
import Testing

@Suite struct RegistryTests {
    @Test func `an empty registry shows nothing`() {
        #expect(MetricRegistry().exposition().isEmpty)
    }

    @Test func `families and series are sorted and have one head each`() {
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

    @Test func `a histogram adds its buckets up and ends with the one without bound`() {
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

    @Test func `help and label values are escaped, each by its own rule`() {
        let registry = MetricRegistry()
        registry.counter("f2s_a_total", help: "a \"b\" \\ c\nd", labels: [("path", "\\\"\né")]).add()
        #expect(
            registry.exposition() == #"""
                # HELP f2s_a_total a "b" \\ c\nd
                # TYPE f2s_a_total counter
                f2s_a_total{path="\\\"\né"} 1

                """#)
    }

    @Test func `values that are read at scrape time stand beside instruments, and an instrument wins`() {
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
            [Sample(Double(registry?.refusals.count ?? -1))]
        }
        #expect(registry.exposition().hasSuffix("f2s_a 0\n"))
    }

    @Test func `a deleted function's series go everywhere and begin at zero when asked for again`() {
        let registry = MetricRegistry()
        let before = registry.counter("f2s_a_total", help: "A.", labels: [("function", "x"), ("stage", "queue")])
        registry.gauge("f2s_b", help: "B.", labels: [("function", "x")]).set(1)
        registry.gauge("f2s_b", help: "B.", labels: [("function", "y")]).set(1)
        registry.gauge("f2s_b", help: "B.", labels: [("other", "x")]).set(1)
        before.add(5)
        registry.removeSeries(label: "function", value: "x")
        before.add()
        #expect(!registry.exposition().contains("function=\"x\""))
        #expect(!registry.exposition().contains("f2s_a_total"))
        #expect(registry.exposition().contains("f2s_b{function=\"y\"} 1\nf2s_b{other=\"x\"} 1\n"))
        let after = registry.counter("f2s_a_total", help: "A.", labels: [("function", "x"), ("stage", "queue")])
        #expect(after.value == 0)
        #expect(registry.exposition().contains("f2s_a_total{function=\"x\",stage=\"queue\"} 0\n"))
    }

    @Test(arguments: [
        ("", [("a", "")]), ("1st", []), ("f2s-a", []), ("f2s_ä", []), ("f2s_a", [("", "x")]), ("f2s_a", [("le", "1")]),
        ("f2s_a", [("__name", "1")]), ("f2s_a", [("a:b", "1")]), ("f2s_a", [("a", "1"), ("a", "2")]), ("f2s_taken", []),
    ])
    func `a declaration that cannot be shown is refused aloud and harms nobody`(
        name: String, labels: [(String, String)]
    ) {
        let registry = MetricRegistry()
        registry.gauge("f2s_taken", help: "T.").set(1)
        let before = registry.exposition()
        let counter = registry.counter(name, help: "A.", labels: labels)
        counter.add()
        #expect(counter.value == 1)
        #expect(registry.exposition() == before)
        #expect(registry.refusals.count == 1)
    }

    @Test func `series are bounded, and those that went make room`() {
        let registry = MetricRegistry(seriesMax: 2)
        for index in 0..<500 {
            registry.counter("f2s_a_total", help: "A.", labels: [("function", "\(index)")]).add()
        }
        #expect(registry.exposition().split(separator: "\n").count == 4)
        #expect(registry.refusals.count == 100)
        registry.removeSeries(label: "function", value: "0")
        registry.counter("f2s_a_total", help: "A.", labels: [("function", "new")]).add()
        #expect(registry.exposition().contains("function=\"new\"} 1\n"))
    }
}
