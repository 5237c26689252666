import F2SModel
import Testing

@Suite struct LimitMetricsTests {
    @Test func `every limit has a metric that follows the settings`() async throws {
        try await withTestbed(limits: Limits()) { bed in
            let names = Limits().readings.map(\.name)
            #expect(names.count == 15)
            for (name, value) in Limits().readings {
                #expect(await bed.metric("f2s_limit{limit=\"\(name)\"}") == value)
            }
            var limits = Limits()
            limits.queueLengthMax = 7
            limits.bodyBytesMax = 8
            limits.headTimeout = .milliseconds(1500)
            bed.tune(limits: limits)
            #expect(await bed.metric("f2s_limit{limit=\"queue_length\"}") == 7)
            #expect(await bed.metric("f2s_limit{limit=\"body_bytes\"}") == 8)
            #expect(await bed.metric("f2s_limit{limit=\"head_timeout_seconds\"}") == 1.5)
        }
    }
}
