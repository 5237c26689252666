import F2SModel
import TestSupport
import Testing

@testable import F2SPrometheus

@Suite struct PrometheusClientTests {
    private static let scrapes = Samples.answer(
        "matrix", #"[{"metric":{},"values":[[1699999970,"1"],[1699999985,"1"],[1700000000,"1"]]}]"#)

    private static func client(
        _ stub: StubPrometheus, url: String? = "http://prometheus:9090", clock: ManualClock = ManualClock()
    ) -> PrometheusClient {
        PrometheusClient(url: { url }, clock: clock, transport: stub)
    }

    private static let addresses: [(String, String, String?)] = [
        ("http://prometheus:9090", "http://prometheus:9090", nil),
        ("https://prometheus.example/path/", "https://prometheus.example/path", nil),
        ("http://prometheus/?query#fragment", "http://prometheus", nil),
        ("http://ada:love%40lace@prometheus:9090/x", "http://prometheus:9090/x", "Basic YWRhOmxvdmVAbGFjZQ=="),
        ("http://ada@prometheus", "http://prometheus", "Basic YWRhOg=="),
        ("http://prometheus/@x", "http://prometheus/@x", nil),
        ("http://[::1]:9090", "http://[::1]:9090", nil),
    ]

    @Test(arguments: addresses)
    func `the user of a URL is sent as Authorization only`(text: String, url: String, authorization: String?) {
        let address = PrometheusAddress(text)
        #expect(address.url == url)
        #expect(address.authorization?.revealed == authorization)
    }

    @Test func `the scrapes decide the steps, and a second request fetches the series`() async throws {
        let stub = StubPrometheus { request throws(PrometheusError) in
            request.url.hasSuffix("_range")
                ? Samples.answer(
                    "matrix",
                    #"[{"metric":{"series":"processes"},"values":[[1700000000,"2"]]},"#
                        + #"{"metric":{"series":"requests","status":"2xx"},"values":[[1700000000,"2.5"]]}]"#)
                : Self.scrapes
        }
        let client = Self.client(stub, url: "http://a:b@prometheus:9090/p")
        let series = try #require(try await client.fetchSeries(of: try Samples.hello, seconds: 21_600))
        #expect(series.stepSeconds == 60 && series.end == 1_700_000_000 && series.processes == 2)
        #expect(series.responses["2xx"]?.count == 360 && series.responses["2xx"]?.last == 2.5)
        let requests = stub.requests
        #expect(
            requests.map(\.url) == [
                "http://prometheus:9090/p/api/v1/query", "http://prometheus:9090/p/api/v1/query_range",
            ])
        #expect(requests.allSatisfy { $0.authorization?.revealed == "Basic YTpi" })
        #expect(requests[0].form == "query=f2s_build_info%5B5m%5D")
        let query = FunctionQuery(function: try Samples.hello, stepSeconds: 60, scrapeSeconds: 15).text
        #expect(
            requests[1].form
                == "query=\(FormText.encode(query))&start=1699978460&end=1700000000&step=60")
    }

    @Test func `without a URL there is no series and no request`() async throws {
        let stub = StubPrometheus { _ throws(PrometheusError) in Self.scrapes }
        #expect(try await Self.client(stub, url: nil).fetchSeries(of: try Samples.hello, seconds: 3600) == nil)
        #expect(stub.requests.isEmpty)
    }

    @Test func `a changed URL applies to the next request`() async throws {
        let url = Latest<String?>("http://one")
        let stub = StubPrometheus { _ throws(PrometheusError) in Self.scrapes }
        let client = PrometheusClient(url: { url.current }, clock: ManualClock(), transport: stub)
        _ = try await client.fetchSeries(of: try Samples.hello, seconds: 3600)
        url.publish("http://two")
        _ = try await client.fetchSeries(of: try Samples.hello, seconds: 3600)
        url.publish(nil)
        #expect(try await client.fetchSeries(of: try Samples.hello, seconds: 3600) == nil)
        #expect(stub.requests.map(\.server) == ["http://one", "http://one", "http://two", "http://two"])
    }

    @Test func `Prometheus that does not scrape F2S is not a source of zeros`() async {
        let stub = StubPrometheus { _ throws(PrometheusError) in Samples.answer("matrix", "[]") }
        let error = PrometheusError.withoutF2S(url: "http://prometheus:9090")
        await #expect(throws: FunctionSeriesError.unavailable(error.description)) {
            try await Self.client(stub).fetchSeries(of: try Samples.hello, seconds: 3600)
        }
    }

    @Test func `an error of the transport becomes a sentence`() async {
        let error = PrometheusError.unreachable(url: "http://prometheus:9090", reason: "Connection refused")
        let stub = StubPrometheus { _ throws(PrometheusError) in throw error }
        await #expect(throws: FunctionSeriesError.unavailable(error.description)) {
            try await Self.client(stub).fetchSeries(of: try Samples.hello, seconds: 3600)
        }
    }

    @Test func `no answer within 2 s is an error, and the request is cancelled`() async throws {
        let clock = ManualClock()
        let isCancelled = Latest(false)
        let stub = StubPrometheus { request throws(PrometheusError) in
            try? await Task.sleep(for: .seconds(600))
            isCancelled.publish(Task.isCancelled)
            throw .unreachable(url: request.server, reason: "the request was cancelled")
        }
        let client = Self.client(stub, clock: clock)
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    clock.advance(by: .seconds(1))
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            let error = PrometheusError.unreachable(url: "http://prometheus:9090", reason: "no answer within 2 s")
            await #expect(throws: FunctionSeriesError.unavailable(error.description)) {
                try await client.fetchSeries(of: try Samples.hello, seconds: 3600)
            }
            group.cancelAll()
        }
        #expect(isCancelled.current)
    }
}
