import F2SDispatcher
import F2SModel
import Testing

extension DispatcherSerial {
    /// Tests replicas that listen but do not speak HTTP.
    @Suite struct NotHTTPTests {
        @Test(
            arguments: [
                ("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", #"it begins with \"SSH-2.0-OpenSSH_9.2p1 Debian\""#),
                ("hello\n", #"it begins with \"hello\""#),
                ("\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{46}", "The replica speaks TLS on its port"),
            ], testedLoops)
        func `the error for a response that is not HTTP quotes its beginning at once`(
            answer: (said: String, words: String), loops: Int
        ) async throws {
            // The stub keeps the connection open, so the error must not depend on its end.
            let server = try await StubServer.start { $0.connection.send(answer.said) }
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(server, function: makeFunction(concurrency: 1))
                let problem = try await bed.client().ask(get())
                #expect(problem.status == 502)
                let detail = problem.body.replacing(#"\\"#, with: #"\"#)
                #expect(detail.contains(answer.words), "\(problem.body)")
                #expect(detail.contains("must answer in HTTP/1.1"))
                try await eventually("the slot is free") { bed.isIdle() }
            }
            await server.stop()
        }
    }
}
