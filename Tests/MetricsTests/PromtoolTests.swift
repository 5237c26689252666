import F2SMetrics
import F2SSystem
import TestSupport
import Testing

/// Checks the exposition with promtool, the checker of Prometheus.
@Suite struct PromtoolTests {
    @Test func `promtool reports no problem with the exposition`() throws {
        let registry = MetricRegistry()
        ProcessMetrics(version: "1.2.3", platform: "local") { path in
            try? ReadableFile.read(path, bytesMax: 1 << 20)
        }.register(in: registry)
        registry.counter(
            "f2s_requests_total", help: "A \"quoted\" \\ help\nof two lines.", labels: [("path", "a\"\\\nb")]
        ).add()
        registry.gauge("f2s_replicas_desired", help: "Not a number.").set(.nan)
        registry.gauge("f2s_memory_bytes", help: "Huge.").set(1.5e300)
        registry.histogram(
            "f2s_duration_seconds", help: "Short.", labels: [("function", "x")], buckets: Histogram.invocationBuckets
        )
        .observe(nanoseconds: 5)
        let answer = try Promtool.run("check metrics <", on: registry.exposition())
        #expect(answer.status == 0, "\(answer.output)")
        #expect(answer.output.isEmpty, "\(answer.output)")
    }

    @Test func `promtool reports an error for an invalid exposition`() throws {
        #expect(try Promtool.run("check metrics <", on: "f2s_a 1\nf2s_a 2\n").status != 0)
    }
}
