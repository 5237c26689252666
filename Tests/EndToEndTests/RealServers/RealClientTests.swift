import ProcessSupport
import Testing

extension EndToEndSerial {
    /// Common clients handle the responses of F2S correctly.
    @Suite struct RealClients {
        private static let whole = "100000 d5816f35916d1d9482fb0f1ec201101d\n"

        @Test func `an incomplete response is an error for every client`() async throws {
            // The timeout of F2S for the silent response is much shorter than those of the clients.
            let settings = "f2s:\n  loops: 2\n  timeouts:\n    http_timeout: 1000\n"
            let server = RealServer(name: "truncated", command: "exec python3 truncate.py")
            try await withServer(server, settings: settings) { f2s, home in
                for client in RealClient.all {
                    for way in ["whole", "length", "chunked", "closed", "silent"] {
                        let url = "http://127.0.0.1:\(f2s.port)/invoke/truncated/\(way)"
                        let outcome = try client.run(client.get, url: url, home: home)
                        if way == "whole" {
                            #expect(outcome.status == 0 && outcome.output == "50000", "\(client.name): \(outcome)")
                        } else {
                            #expect(outcome.status != 0, "\(client.name) accepts \(way) as complete: \(outcome)")
                        }
                    }
                }
            }
        }

        @Test(arguments: ["uvicorn-httptools", "node", "go"])
        func `the body of every client arrives complete, even if the client offers h2c`(name: String) async throws {
            let server = try #require(RealServer.all.first { $0.name == name })
            try await withServer(server, settings: "f2s:\n  loops: 2\n") { f2s, home in
                try Files.write(String(repeating: "x", count: 100_000), to: home + "/body")
                for client in RealClient.all {
                    let url = "http://127.0.0.1:\(f2s.port)/invoke/\(name)/echo"
                    let outcome = try client.run(client.post, url: url, home: home)
                    #expect(outcome.status == 0 && outcome.output == Self.whole, "\(client.name): \(outcome)")
                }
            }
        }

        private func withServer(
            _ server: RealServer, settings: String, _ body: (F2SServer, _ home: String) async throws -> Void
        ) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let manifest = try server.manifest().with { $0.idle = "60s" }
            try await F2SServer.serve([manifest], settings: settings) { f2s in try await body(f2s, home.path) }
        }
    }
}
