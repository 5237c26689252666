import ProcessSupport
import Testing

extension ClusterSerial {
    /// Cold starts (must hold 2).
    @Suite struct ColdStart {
        @Test func `the first byte follows the pod's address, before Kubernetes reports Ready`() async throws {
            let f2s = try F2SInstallation.current
            let names = (0..<10).map { "cold-\($0)" }
            defer { _ = try? f2s.kubectl.run(["delete", "f2sfn", "--namespace=f2s", "--wait=false"] + names) }
            let functions = names.map { name in ClusterFunction(name) { $0.maxReplicas = 1 } }
            try f2s.kubectl.apply(functions.map(\.yaml).joined(separator: "---\n"))
            try eventually("all functions have their objects", within: .seconds(30)) {
                pause(.milliseconds(100))
                return try f2s.api.list(ClusterAPI.deployments).filter {
                    ($0["metadata"]?["name"]?.text).map(names.contains) == true
                }.count == names.count
            }

            let timeline = PodTimeline(f2s.api)
            async let watching: Void = timeline.run()
            defer { timeline.stop() }
            var gaps: [Int64] = []
            var gains: [Int64] = []
            let server = try f2s.address
            for name in names {
                let connection = try HTTPConnection(host: server.host, port: server.port, silence: .seconds(60))
                let begun = monotonicNanoseconds()
                let answer = try connection.exchange("GET", "/invoke/\(name)")
                try #require(answer.status == 200, "\(answer.text)")
                let pod = try #require(answer["x-pod"])
                let moments = try eventually("Kubernetes reports Ready") { () -> PodTimeline.Moments? in
                    timeline[pod].flatMap { $0.ready == nil ? nil : $0 }
                }
                let address = try #require(moments.address)
                gaps.append(answer.firstByteAt - address)
                gains.append((moments.ready ?? 0) - answer.firstByteAt)
                report(
                    2,
                    "\(name): first byte \((answer.firstByteAt - begun).milliseconds) after the request;",
                    "the pod: \(moments.story(since: begun)); Server-Timing \(answer["server-timing"] ?? "none")")
            }
            timeline.stop()
            try await watching
            let first = gains.filter { $0 > 0 }.count
            report(
                2,
                "first byte − event with the address: median of \(gaps.count) \(gaps.median.milliseconds)",
                "(at most 30 ms); before Ready in \(first) of \(gains.count), gain: median \(gains.median.milliseconds)"
            )
            #expect(gaps.median <= 30_000_000 * Int64(timeout))
            #expect(first == gains.count)
        }
    }
}
