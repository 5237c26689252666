import F2SDispatcher
import F2SModel
import ProcessSupport
import Testing

extension DispatcherSerial {
    /// Tests servers that serve fewer concurrent connections than there are loops or clients.
    @Suite struct FewThreadsTests {
        /// Sends `count` requests, each on its own connection, so that the loops take turns. Returns their times in
        /// milliseconds.
        private func times(_ bed: Testbed, _ count: Int, path: String = "/hello") async throws -> [Double] {
            try await onThread {
                try (0..<count).map { _ in
                    let began = Wire.now()
                    let client = try Wire.connect(to: bed.port)
                    defer { Wire.reset(client) }
                    Wire.send(client, Array(get(path).utf8))
                    var answer: [UInt8] = []
                    while (try? Answer.parse(answer, isClosed: false, isToHead: false)) == nil {
                        guard Wire.wait(client, milliseconds: 20_000) else { throw Late(description: "no response") }
                        answer += Wire.receive(client) ?? []
                    }
                    return Double(Wire.now() - began) / 1e6
                }
            }
        }

        private func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }

        @Test(arguments: testedLoops) func `another loop's idle connection never blocks a single-threaded server`(
            loops: Int
        ) async throws {
            let server = try ThreadPoolServer(threads: 1)
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(ports: [server.port], function: makeFunction(concurrency: 1))
                let times = try await times(bed, 60)
                print("one thread, \(loops) loops: median \(median(times)) ms, longest \(times.max() ?? 0) ms")
                // The promised bound is 2 ms; the test fails at five times it.
                #expect(median(times) < 10)
                #expect((times.max() ?? 0) < 1000)
                #expect(bed.upstreamConnections <= 1)
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            server.stop()
        }

        @Test(arguments: testedLoops)
        func `connections move between loops instead of being opened again`(loops: Int) async throws {
            let server = try ThreadPoolServer(threads: 1)
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(ports: [server.port], function: makeFunction(concurrency: 1))
                _ = try await times(bed, 40)
                // The first connections were attempts to find out if the server accepts.
                #expect(server.accepted <= 4)
            }
            server.stop()
        }

        @Test func `a POST after a pause does not wait for the idle connection that it must not reuse`() async throws {
            let server = try ThreadPoolServer(threads: 1)
            try await withTestbed { bed in
                try await bed.serve(ports: [server.port], function: makeFunction(concurrency: 1))
                let client = try await bed.client()
                #expect(try await client.ask(get()).status == 200)
                let rested = ContinuousClock.now + .milliseconds(1200)
                try await eventually("the connection is no longer fresh") { ContinuousClock.now > rested }
                let began = ContinuousClock.now
                let request = "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                #expect(try await client.ask(request).status == 200)
                #expect(ContinuousClock.now - began < .seconds(1))
            }
            server.stop()
        }

        @Test(arguments: testedLoops) func `a server with four threads serves twelve clients without a declared limit`(
            loops: Int
        ) async throws {
            let server = try ThreadPoolServer(threads: 4, delay: 10_000)
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(ports: [server.port])
                let began = ContinuousClock.now
                let outcome = try await onThread {
                    try LeanLoad(port: bed.port, isEcho: false).run(connections: 12, count: 40)
                }
                let took = ContinuousClock.now - began
                print("four threads, twelve clients, \(loops) loops: \(took), at best 1.2 s")
                #expect(outcome.statuses == [200: 480])
                #expect(took < .seconds(6))
                #expect(bed.dispatcherLoad("r0-0")?.hasFewThreads == true)
                #expect(server.most <= 4)
                try await eventually("no invocation is left") { bed.isIdle() }
            }
            server.stop()
        }

        @Test(arguments: testedLoops) func `Python's own server responds through F2S as fast as directly`(
            loops: Int
        ) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let script = """
                import sys
                from http.server import BaseHTTPRequestHandler, HTTPServer
                class Handler(BaseHTTPRequestHandler):
                    protocol_version = "HTTP/1.1"
                    def do_GET(self):
                        self.send_response(200)
                        self.send_header("Content-Length", "2")
                        self.end_headers()
                        self.wfile.write(b"ok")
                    def log_message(self, *arguments): pass
                server = HTTPServer(("127.0.0.1", 0), Handler)
                print(server.server_address[1], flush=True)
                server.serve_forever()
                """
            let output = folder.path + "/port"
            guard let python = try? ChildProcess(["python3", "-c", script], output: output) else { return }
            defer { python.end() }
            var port: Int?
            try await eventually("the server listens") {
                port = (try? Files.read(output)).flatMap { Int($0.split(separator: "\n").first ?? "") }
                return port != nil
            }
            let known = try port.orThrow()
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(ports: [known], function: makeFunction(concurrency: 1))
                let times = try await times(bed, 60)
                print("Python's server, \(loops) loops: median \(median(times)) ms, longest \(times.max() ?? 0) ms")
                // The promised bound is 2 ms more than the server's own time; the test fails at five times it.
                #expect(median(times) < 10)
                #expect((times.max() ?? 0) < 1000)
            }
        }
    }
}
