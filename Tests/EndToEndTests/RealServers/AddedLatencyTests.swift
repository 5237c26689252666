import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The latency that F2S adds to servers with one thread. Such a server does not serve other connections while one
    /// connection is idle.
    @Suite struct AddedLatency {
        private static let servers = ["python-http-1-1", "php", "webrick"]
        private static let turns = 60
        /// The maximum of the added median latency, in nanoseconds.
        private static let bar: Int64 = 2_000_000

        @Test(arguments: servers, [1, 2, 4])
        func `sequential requests to a server with one thread take at most 2 ms more through F2S`(
            name: String, loops: Int
        ) async throws {
            let server = try #require(RealServer.all.first { $0.name == name })
            let manifest = try server.manifest().with { ($0.idle, $0.concurrency) = ("60s", 1) }
            try await F2SServer.serve([manifest], settings: "f2s:\n  loops: \(loops)\n") { f2s in
                try eventually("it answers") { try f2s.get("/invoke/\(name)").status == 200 }
                var (through, direct): ([Int64], [Int64]) = ([], [])
                try withServer(server) { port in
                    // The two kinds of requests alternate, so that other load on the machine affects both.
                    for _ in 0..<Self.turns {
                        through.append(try time { try f2s.get("/invoke/\(name)") })
                        direct.append(
                            try time { try HTTPConnection(port: port, silence: .seconds(20)).exchange("GET", "/") })
                    }
                }
                let added = through.median - direct.median
                report(
                    2, "\(name), \(loops) loops: \(Self.turns) calls in turn, median \(through.median.milliseconds)",
                    "through F2S, \(direct.median.milliseconds) without: \(added.milliseconds) added;",
                    "slowest \((through.max() ?? 0).milliseconds), \((direct.max() ?? 0).milliseconds)")
                // On an overloaded machine, each hop waits for a processor.
                #expect(added <= max(Self.bar * Int64(EndToEndSerial.timeout), 3 * direct.median))
            }
        }

        /// Returns the duration of one request. Each request has a new connection and so, through F2S, the next event
        /// loop.
        private func time(_ call: () throws -> HTTPAnswer) throws -> Int64 {
            let begun = monotonicNanoseconds()
            let answer = try call()
            #expect(answer.status == 200 && answer.text == "hello\n")
            return monotonicNanoseconds() - begun
        }

        /// Runs the server without F2S.
        private func withServer<Result>(_ server: RealServer, _ body: (Int) throws -> Result) throws -> Result {
            let port = try freePort()
            let manifest = try server.manifest()
            let process = try ChildProcess(
                manifest.command,
                environment: ChildProcess.ownEnvironment + ["PORT=\(port)", "SERVERS=\(RealServer.installed)"])
            defer { process.end() }
            try eventually("\(server.name) listens", within: .seconds(60)) {
                (try? HTTPConnection(port: port).exchange("GET", "/").status) == 200
            }
            return try body(port)
        }
    }
}
