import F2SModel
import TestSupport
import Testing

@testable import F2SPrometheus

@Suite struct FunctionQueryTests {
    private static var query: FunctionQuery {
        get throws { FunctionQuery(function: try Samples.hello, stepSeconds: 60, scrapeSeconds: 15) }
    }

    @Test(arguments: [
        (FunctionQuery.Part.inFlight, #"sum(f2s_requests_in_flight{function="hello"})"#),
        (.slots, #"max(f2s_slots{function="hello"})"#),
        (.desired, #"max(f2s_replicas_desired{function="hello"})"#),
        (.ready, #"max(f2s_replicas_ready{function="hello"})"#),
        (.processes, "count(f2s_build_info)"),
        (
            .requests,
            #"sum by (status) (rate(f2s_requests_completed_total{function="hello"}[75s]) or "#
                + #"label_replace(((min_over_time(f2s_requests_completed_total{function="hello"}[60s]) unless "#
                + #"f2s_requests_completed_total{function="hello"} offset 60s) and on (job, instance) "#
                + #"(f2s_build_info offset 60s)) / 60, "part", "first", "", ""))"#
        ),
    ])
    func `each part has its expression`(part: FunctionQuery.Part, expression: String) throws {
        #expect(try Self.query.expression(of: part) == expression)
    }

    @Test func `the query names each part of the answer`() throws {
        let text = try Self.query.text
        for part in FunctionQuery.Part.allCases {
            #expect(text.contains(#", "series", "\#(part.rawValue)", "", "")"#), "\(part)")
        }
    }

    @Test func `Prometheus evaluates the query as it is meant`() throws {
        let first = "1.6666666666666666E-02"
        let expectations: [(FunctionQuery.Part, seconds: Int, samples: [(labels: String, value: String)])] = [
            (.requests, 120, [(#"{status="2xx"}"#, "0")]),
            // The series of the first process began with 1, and had never been zero.
            (.requests, 180, [(#"{status="2xx"}"#, first)]),
            (.requests, 240, [(#"{status="2xx"}"#, "0")]),
            // The counter of the second process rose by 3.
            (.requests, 370, [(#"{status="2xx"}"#, "0.05")]),
            // The second process has restarted, and has counted 6 since.
            (.requests, 430, [(#"{status="2xx"}"#, "0.1")]),
            (.errors, 370, [(#"{stage="start"}"#, first)]),
            (.coldStarts, 180, [("{}", "1")]),
            (.p50, 180, [("{}", "0.05")]),
            (.inFlight, 180, [("{}", "7")]),
            (.desired, 180, [("{}", "2")]),
            (.slots, 180, []),
            (.processes, 180, [("{}", "2")]),
        ]
        let query = try Self.query
        var text = Self.series
        for (part, seconds, samples) in expectations {
            text += "  - expr: \(query.expression(of: part).jsonText)\n    eval_time: \(seconds)s\n"
            text += "    exp_samples:\(samples.isEmpty ? " []" : "")\n"
            for (labels, value) in samples { text += "    - {labels: '\(labels)', value: \(value)}\n" }
        }
        text += "  - expr: \("count(\(query.text)) by (series)".jsonText)\n    eval_time: 180s\n    exp_samples:\n"
        for part in ["requests", "p50", "p95", "p99", "inFlight", "desired", "coldStarts", "processes"] {
            text += "    - {labels: '{series=\"\(part)\"}', value: 1}\n"
        }
        let answer = try Promtool.run("test rules", on: text)
        #expect(answer.status == 0, "\(answer.output)")
    }

    /// The series that Prometheus has scraped every 15 s from two processes.
    private static let series = """
        tests:
        - interval: 15s
          input_series:
          - {series: 'f2s_build_info{job="f2s",instance="a",version="1"}', values: '1x60'}
          - {series: 'f2s_build_info{job="f2s",instance="b",version="1"}', values: '1x60'}
          - {series: 'f2s_requests_completed_total{job="f2s",instance="a",function="hello",status="2xx"}', \
        values: '_x9 1x50'}
          - {series: 'f2s_requests_completed_total{job="f2s",instance="b",function="hello",status="2xx"}', \
        values: '5x20 8x5 6x40'}
          - {series: 'f2s_requests_completed_total{job="f2s",instance="b",function="other",status="2xx"}', \
        values: '0+7x60'}
          - {series: 'f2s_requests_failed_total{job="f2s",instance="b",function="hello",stage="start"}', \
        values: '_x21 1x40'}
          - {series: 'f2s_cold_start_seconds_count{job="f2s",instance="a",function="hello"}', values: '_x9 1x50'}
          - {series: 'f2s_request_duration_seconds_bucket{job="f2s",instance="a",function="hello",le="0.1"}', \
        values: '_x9 1x50'}
          - {series: 'f2s_request_duration_seconds_bucket{job="f2s",instance="a",function="hello",le="+Inf"}', \
        values: '_x9 1x50'}
          - {series: 'f2s_requests_in_flight{job="f2s",instance="a",function="hello"}', values: '3x60'}
          - {series: 'f2s_requests_in_flight{job="f2s",instance="b",function="hello"}', values: '4x60'}
          - {series: 'f2s_replicas_desired{job="f2s",instance="b",function="hello"}', values: '2x60'}
          promql_expr_test:

        """
}
