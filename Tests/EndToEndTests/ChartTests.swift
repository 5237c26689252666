import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The charts with a real Prometheus.
    @Suite struct Charts {
        @Test func `longer ranges come from Prometheus, and the last hour from F2S itself without it`() async throws {
            let port = try freePort()
            let url = "http://127.0.0.1:\(port)"
            let function = try FunctionManifest("hello").with { $0.idle = "60s" }
            try await F2SServer.serve([function], settings: "prometheus: {url: \"\(url)\"}\n") { f2s in
                try eventually("hello is declared") { try f2s.get("/cluster").json["functions"]?.number == 1 }
                try Self.expectNoPrometheus(f2s, at: url)

                let prometheus = try PrometheusServer(port: port, target: f2s.operationsPort)
                defer { prometheus.end() }
                try Self.expectFirstInvocations(f2s)
                try eventually("six hours of requests come from Prometheus", within: .seconds(60)) {
                    guard try f2s.get("/invoke/hello").status == 200 else { return false }
                    pause(.milliseconds(200))
                    let charts = try Self.fetchCharts(f2s, seconds: 21_600)
                    return charts["source"]?.text == "prometheus" && Self.sum(charts, "requests", "2xx") > 0
                }
                let charts = try Self.fetchCharts(f2s, seconds: 604_800)
                #expect(charts["stepSeconds"]?.number == 1800 && charts["source"]?.text == "prometheus")
                #expect(Self.values(charts, "inFlight").count == 336)

                prometheus.end()
                try Self.expectNoPrometheus(f2s, at: url)
                try f2s.replaceSettings("debug: false\n")
                try eventually("the settings without Prometheus are in force") {
                    try f2s.get("/functions/hello/charts?seconds=21600").status == 400
                }
                let rejected = try f2s.get("/functions/hello/charts?seconds=21600").json
                #expect(rejected["detail"]?.text?.contains("prometheus.url is not set") == true)
                #expect(try Self.fetchCharts(f2s, seconds: 3600)["note"] == nil)
            }
        }

        /// The last hour comes from F2S itself, with the reason, and more is not available.
        private static func expectNoPrometheus(_ f2s: F2SServer, at url: String) throws {
            let reason = "Prometheus at \(url) does not answer: Connection refused."
            // A connection from before may end first.
            try eventually("the charts say that Prometheus does not answer") {
                let hour = try fetchCharts(f2s, seconds: 3600)
                return hour["source"]?.text == "process" && hour["note"]?.text?.hasPrefix(reason) == true
            }
            let more = try f2s.get("/functions/hello/charts?seconds=21600")
            #expect(more.status == 503)
            #expect(try more.json["detail"]?.text?.hasPrefix(reason) == true)
        }

        /// Prometheus counts the first invocations of a function, whose counters it has never seen at zero.
        private static func expectFirstInvocations(_ f2s: F2SServer) throws {
            // Two steps of 10 s in which F2S was scraped.
            try eventually("Prometheus has scraped F2S for a while", within: .seconds(60)) {
                pause(.milliseconds(200))
                let charts = try fetchCharts(f2s, seconds: 600)
                return charts["source"]?.text == "prometheus"
                    && values(charts, "inFlight").suffix(2).allSatisfy { $0 != .null }
            }
            for _ in 0..<3 { #expect(try f2s.get("/invoke/hello").status == 200) }
            // Prometheus extrapolates at first.
            try eventually("Prometheus has counted three requests and one cold start", within: .seconds(60)) {
                pause(.milliseconds(200))
                let charts = try fetchCharts(f2s, seconds: 600)
                let step = Double(charts["stepSeconds"]?.number ?? 0)
                return (2.5...3.5).contains(sum(charts, "requests", "2xx") * step) && sum(charts, "coldStarts") == 1
            }
            let charts = try fetchCharts(f2s, seconds: 600)
            #expect(charts["processes"]?["counted"]?.number == 1)
            #expect(values(charts, "replicas", "ready").contains(.number(1)))
            #expect(values(charts, "latency", "p95").contains { $0 != .null })
        }

        private static func fetchCharts(_ f2s: F2SServer, seconds: Int) throws -> JSONValue {
            let answer = try f2s.get("/functions/hello/charts?seconds=\(seconds)")
            #expect(answer.status == 200)
            return try answer.json
        }

        /// Returns the values of a series.
        private static func values(_ charts: JSONValue, _ names: String...) -> [JSONValue] {
            names.reduce(charts["series"]) { $0?[$1] }?.list ?? []
        }

        private static func sum(_ charts: JSONValue, _ names: String...) -> Double {
            let values = names.reduce(charts["series"]) { $0?[$1] }?.list ?? []
            return values.reduce(0) { sum, value in if case .number(let number) = value { sum + number } else { sum } }
        }
    }
}
