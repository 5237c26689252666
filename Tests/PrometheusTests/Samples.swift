import F2SModel
import Synchronization

@testable import F2SPrometheus

enum Samples {
    /// A function's name.
    static var hello: FunctionName { get throws { try FunctionName("hello") } }

    /// A series of a part of an answer.
    static func series(
        _ part: FunctionQuery.Part, _ labels: [String: String] = [:], _ samples: [(Double, Double)]
    ) -> PrometheusMatrix.Series {
        PrometheusMatrix.Series(
            labels: labels.merging([FunctionQuery.label: part.rawValue]) { $1 },
            samples: samples.map { PrometheusMatrix.Sample(time: $0, value: $1) })
    }

    /// The answer of Prometheus with these series, in JSON.
    static func answer(_ type: String, _ result: String, status: Int = 200) -> PrometheusAnswer {
        PrometheusAnswer(
            status: status,
            content: Array(#"{"status":"success","data":{"resultType":"\#(type)","result":\#(result)}}"#.utf8))
    }
}

/// Prometheus in memory: it answers as a test says, and remembers the requests.
final class StubPrometheus: PrometheusTransport {
    private let seen = Mutex<[PrometheusRequest]>([])
    private let respond: @Sendable (PrometheusRequest) async throws(PrometheusError) -> PrometheusAnswer

    init(_ respond: @escaping @Sendable (PrometheusRequest) async throws(PrometheusError) -> PrometheusAnswer) {
        self.respond = respond
    }

    var requests: [PrometheusRequest] { seen.withLock { $0 } }

    func send(_ request: PrometheusRequest) async throws(PrometheusError) -> PrometheusAnswer {
        seen.withLock { $0.append(request) }
        return try await respond(request)
    }

    func close() async {}
}
