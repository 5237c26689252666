import F2SModel
import Testing

@testable import F2SAPIServer

/// Tests the charts with a database of metrics; `OverviewRoutesTests` has those without.
@Suite struct ChartRoutesTests {
    /// A database in memory, which answers as a test says.
    private struct StubSeries: FunctionSeriesSource {
        var result: Result<FunctionSeries?, FunctionSeriesError>

        func fetchSeries(
            of function: FunctionName, seconds: Int
        ) async throws(FunctionSeriesError) -> FunctionSeries? { try result.get() }
    }

    private static func options(
        _ result: Result<FunctionSeries?, FunctionSeriesError>
    ) throws -> TestServer.Options {
        TestServer.Options(functions: [try .sample("hello")], seriesSource: StubSeries(result: result))
    }

    @Test(arguments: [10, 3600, 21_600, 604_800])
    func `the database is the source of every range`(seconds: Int) async throws {
        var series = FunctionSeries(stepSeconds: 60, end: 1_700_000_020, count: 3)
        series.processes = 4
        series.responses = ["1xx": [0, nil, 0], "2xx": [nil, 1.23456789, 2], "5xx": [0, 0, 0]]
        series.failures = [.queue: [nil, 0, 0.5]]
        (series.p50, series.p95) = ([nil, 0.01, 0.0123456789], [nil, nil, 1])
        (series.inFlight, series.slots) = ([1.2, nil, 3], [.infinity, nil, 4])
        (series.desired, series.coldStarts) = ([2, 2, 3], [nil, 0.8, 0])
        try await TestServer.with(try Self.options(.success(series))) { server in
            let answer = try await server.send("GET", "/functions/hello/charts?seconds=\(seconds)")
            let charts = try answer.json
            #expect(charts["source"] == "prometheus" && charts["stepSeconds"] == 60 && charts["note"] == nil)
            #expect(charts["end"] == "2023-11-14T22:13:40.000Z")
            // Prometheus also scrapes another installation.
            #expect(charts["processes"] == ["counted": 1, "running": 1])
            let values = try #require(charts["series"])
            #expect(values["requests"] == ["2xx": ["null", "1.234568", 2], "5xx": [0, 0, 0]])
            #expect(values["errors"] == ["queue": ["null", 0, "0.5"]])
            #expect(values["latency"]?["p50"] == ["null", "0.01", "0.012346"])
            #expect(values["latency"]?["p99"] == ["null", "null", "null"])
            #expect(values["inFlight"] == [1, "null", 3] && values["slots"] == ["null", "null", 4])
            #expect(values["replicas"] == ["desired": [2, 2, 3], "ready": ["null", "null", "null"]])
            #expect(values["coldStarts"] == ["null", 1, 0])
        }
    }

    @Test func `without an answer the process has the last hour, and says why`() async throws {
        let reason = "Prometheus at http://prometheus:9090 does not answer: Connection refused."
        try await TestServer.with(try Self.options(.failure(.unavailable(reason)))) { server in
            let hour = try await server.send("GET", "/functions/hello/charts").json
            #expect(hour["source"] == "process" && hour["note"]?.text == reason && hour["stepSeconds"] == 10)
            let day = try await server.send("GET", "/functions/hello/charts?seconds=86400")
            #expect(day.status == 503)
            #expect(
                day.problem
                    == "\(reason) F2S itself remembers the last hour: for that, ask for seconds=3600 or less.")
        }
    }

    @Test func `without a URL in the settings a longer range is malformed`() async throws {
        try await TestServer.with(try Self.options(.success(nil))) { server in
            let hour = try await server.send("GET", "/functions/hello/charts?seconds=3600").json
            #expect(hour["source"] == "process" && hour["note"] == nil)
            let more = try await server.send("GET", "/functions/hello/charts?seconds=3601")
            #expect(more.status == 400)
            #expect(
                more.problem
                    == "the query parameter seconds is \"3601\": it must be at most 3600 while prometheus.url is not "
                    + "set, because F2S itself remembers one hour.")
        }
    }

    @Test(arguments: [9, 604_801])
    func `a range outside of 10 s to 7 days is malformed`(seconds: Int) async throws {
        let series = FunctionSeries(stepSeconds: 60, end: 0, count: 1)
        try await TestServer.with(try Self.options(.success(series))) { server in
            let outside = try await server.send("GET", "/functions/hello/charts?seconds=\(seconds)")
            let absent = try await server.send("GET", "/functions/absent/charts?seconds=60")
            #expect(outside.status == 400 && absent.status == 404)
        }
    }
}
