import ProcessSupport
import Testing

extension EndToEndSerial {
    /// What F2S adds to the time of servers with one thread, which serve no other connection while one is idle.
    @Suite struct AddedLatency {
        private static let servers = ["python-http-1-1", "php", "webrick"]
        private static let turns = 60
        /// What F2S may add to the median, in nanoseconds.
        private static let bar: Int64 = 2_000_000

        @Test(arguments: servers, [1, 2, 4])
        func `calls in turn of a server with one thread take at most 2 ms more through F2S`(
            name: String, loops: Int
        ) async throws {
            let server = try #require(RealServer.all.first { $0.name == name })
            let manifest = try server.manifest().with { ($0.idle, $0.concurrency) = ("60s", 1) }
            try await F2SServer.serve([manifest], settings: "f2s:\n  loops: \(loops)\n") { f2s in
                try eventually("it answers") { try f2s.get("/invoke/\(name)").status == 200 }
                var (through, direct): ([Int64], [Int64]) = ([], [])
                try withServer(server) { port in
                    // In turn, so that whatever else the machine does slows down both.
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
                // On a machine with more to do than processors each hop waits for one.
                #expect(added <= max(Self.bar * Int64(EndToEndSerial.patience), 3 * direct.median))
            }
        }

        /// One call. It has a connection of its own, and so, through F2S, the next event loop.
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
