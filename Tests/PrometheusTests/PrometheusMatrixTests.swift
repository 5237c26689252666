import Testing

@testable import F2SPrometheus

@Suite struct PrometheusMatrixTests {
    private static let url = "http://prometheus:9090"

    @Test func `a range vector has the samples of each series`() throws {
        let answer = Samples.answer(
            "matrix",
            #"[{"metric":{"series":"requests","status":"2xx"},"values":[[1700000000,"1.5"],[1700000060.781,"NaN"]]},"#
                + #"{"metric":{},"values":[[1700000000,"+Inf"]],"histograms":[]}]"#)
        let matrix = try PrometheusMatrix(answer, url: Self.url)
        #expect(matrix.series.map(\.labels) == [["series": "requests", "status": "2xx"], [:]])
        #expect(matrix.series[0].samples.map(\.time) == [1_700_000_000, 1_700_000_060.781])
        #expect(matrix.series[0].samples[0].value == 1.5 && matrix.series[0].samples[1].value.isNaN)
        #expect(matrix.series[1].samples.map(\.value) == [.infinity])
    }

    @Test func `a series of an instant vector has one sample`() throws {
        let answer = Samples.answer("vector", #"[{"metric":{"a":"b"},"value":[1.5,"-2"]}]"#)
        let expected = PrometheusMatrix.Series(labels: ["a": "b"], samples: [.init(time: 1.5, value: -2)])
        #expect(try PrometheusMatrix(answer, url: Self.url).series == [expected])
        #expect(try PrometheusMatrix(Samples.answer("vector", "[]"), url: Self.url).series.isEmpty)
    }

    @Test(arguments: [
        #"<html>a login page</html>"#, "", "[]", #"{"status":"success"}"#,
        #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"two"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,2]]}]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]"#,
    ])
    func `another content is malformed`(content: String) {
        let answer = PrometheusAnswer(status: 200, content: Array(content.utf8))
        #expect(throws: PrometheusError.malformed(url: Self.url, "it is not a vector in the format of Prometheus")) {
            try PrometheusMatrix(answer, url: Self.url)
        }
    }

    @Test func `an answer has a limited number of series`() {
        let series = Array(
            repeating: #"{"metric":{},"value":[1,"2"]}"#, count: PrometheusMatrix.seriesMax + 1
        ).joined(separator: ",")
        #expect(throws: PrometheusError.malformed(url: Self.url, "it has 1001 series, and 1000 are allowed")) {
            try PrometheusMatrix(Samples.answer("vector", "[\(series)]"), url: Self.url)
        }
    }

    @Test(arguments: [
        (400, #"{"status":"error","errorType":"bad_data","error":"invalid step\n"}"#, "invalid step\n" as String?),
        (401, "Unauthorized", nil), (302, "", nil), (503, #"{"status":"error"}"#, nil),
    ])
    func `the reason of a rejection is Prometheus' own`(status: Int, content: String, reason: String?) {
        let answer = PrometheusAnswer(status: status, content: Array(content.utf8))
        #expect(throws: PrometheusError.rejected(url: Self.url, status: status, reason: reason)) {
            try PrometheusMatrix(answer, url: Self.url)
        }
    }

    @Test func `errors say what happened and what to do, in one line`() {
        let errors: [(PrometheusError, String)] = [
            (
                .unreachable(url: Self.url, reason: "Connection refused"),
                "Prometheus at http://prometheus:9090 does not answer: Connection refused. Check prometheus.url in the "
                    + "settings, and that F2S can reach this address."
            ),
            (
                .rejected(url: Self.url, status: 400, reason: "a\nb"),
                "Prometheus at http://prometheus:9090 answers with status 400 instead of 200: a\\u{a}b. Check "
                    + "prometheus.url in the settings."
            ),
            (
                .rejected(url: Self.url, status: 404, reason: nil),
                "Prometheus at http://prometheus:9090 answers with status 404 instead of 200. Check prometheus.url in "
                    + "the settings."
            ),
            (
                .malformed(url: Self.url, "it is long"),
                "The answer from http://prometheus:9090 cannot be used: it is long. Check prometheus.url in the "
                    + "settings."
            ),
            (
                .withoutF2S(url: Self.url),
                "Prometheus at http://prometheus:9090 has no metrics of F2S from the last 5 minutes. Let it scrape "
                    + "/metrics of every F2S process, at the address of --operations (port 8081)."
            ),
        ]
        for (error, text) in errors { #expect(error.description == text) }
        #expect(PrometheusError.malformed(url: Self.url, String(repeating: "x", count: 5000)).description.count < 500)
    }
}
