import F2SModel
import Glibc
import NIOPosix
import Testing

extension DispatcherSerial {
    /// Tests clients that keep TLS busy without sending a request.
    @Suite struct TLSFloodTests {
        @Test(arguments: testedLoops) func `a flood of key updates delays no other connection of the loop`(
            loops: Int
        ) async throws {
            let server = try await StubServer.answering(ok("hi"))
            try await withTestbed(loops: loops, tls: TestCertificate.shared) { bed in
                try await bed.serve(server)
                let client = try await bed.client()
                #expect(try await client.ask(get()).body == "hi")
                let port = bed.port
                async let flooded = NIOThreadPool.singleton.runIfActive {
                    // Fewer bytes of answers than the buffers of the sockets hold.
                    try KeyUpdateClient(port: port).flood(40_000)
                }
                var longest = Duration.zero
                for _ in 0..<100 {
                    let start = ContinuousClock.now
                    #expect(try await client.ask(get()).body == "hi")
                    longest = max(longest, ContinuousClock.now - start)
                }
                let count = try await flooded
                #expect(count > 1000)
                #expect(longest < .seconds(2))
                print("TLS: beside a flood of \(count) key updates, the longest of 100 calls took \(longest).")
            }
            await server.stop()
        }

        /// One connection, and so one loop, is concerned. It takes ten seconds until all buffers are full.
        @Test(.enabled(if: usualLoops == 1))
        func `a client that floods key updates and reads nothing costs no processor time`() async throws {
            try await withTestbed(tls: TestCertificate.shared) { bed in
                let port = bed.port
                try await NIOThreadPool.singleton.runIfActive {
                    let client = try KeyUpdateClient(port: port)
                    let count = client.flood(2_000_000)
                    #expect(count < 2_000_000, "the dispatcher never waited for the client")
                    let before = Self.cpuSeconds
                    // Safe: this measures what happens while nothing happens, on a thread of its own.
                    usleep(500_000)
                    let spent = Self.cpuSeconds - before
                    #expect(spent < 0.25)
                    print("TLS: after \(count) key updates without a reader: \(spent) s of CPU in 0.5 s.")
                }
            }
        }

        /// The processor time of this process, in seconds.
        private static var cpuSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
    }
}
