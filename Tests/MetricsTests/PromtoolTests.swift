import F2SMetrics
import F2SSystem
import Glibc
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
        let answer = try Self.check(registry.exposition())
        #expect(answer.status == 0, "\(answer.output)")
        #expect(answer.output.isEmpty, "\(answer.output)")
    }

    @Test func `promtool reports an error for an invalid exposition`() throws {
        #expect(try Self.check("f2s_a 1\nf2s_a 2\n").status != 0)
    }

    private struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `promtool check metrics` on a text.
    private static func check(_ text: String) throws -> (status: Int32, output: String) {
        var path = Array("/tmp/f2s-metrics-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        try #require(descriptor >= 0)
        let name = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(name) }
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
        let pipe = try #require(popen("promtool check metrics < \(name) 2>&1", "r"))
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        let status = (pclose(pipe) >> 8) & 0xFF
        if status == 127 {
            throw Missing(description: "promtool is missing: install the Debian package prometheus, as make test does")
        }
        return (status, String(decoding: output, as: UTF8.self))
    }
}
