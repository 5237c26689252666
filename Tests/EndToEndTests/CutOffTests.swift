import ProcessSupport
import Testing

extension EndToEndSerial {
    /// An incomplete response is an error for the client.
    @Suite struct CutOff {
        /// A server that responds without a length (HTTP/1.0), and resets the connection except for the path /whole.
        private static let program = """
            import os, socket, struct
            listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
            while True:
                caller, _ = listener.accept()
                request = b""
                while b"\\r\\n\\r\\n" not in request:
                    piece = caller.recv(65536)
                    if not piece: break
                    request += piece
                if request:
                    caller.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n" + b"x" * 1000)
                    if b"/whole" not in request:
                        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.close()
            """

        @Test func `curl and f2s invoke fail when a response without a length is incomplete`() async throws {
            let function = FunctionManifest("broken", command: ["python3", "-c", Self.program])
            try await F2SServer.serve([function]) { f2s in
                try eventually("it answers") { try f2s.get("/invoke/broken/whole").status == 200 }
                let url = "http://127.0.0.1:\(f2s.port)/invoke/broken"
                for version in ["--http1.1", "--http1.0"] {
                    #expect(try status(["curl", "-s", version, url + "/whole"]) == 0)
                    // Exit status 18: the response ended too early; 56: the connection was reset.
                    #expect([18, 56].contains(try status(["curl", "-s", version, url])), "\(version)")
                }
                let binary = try Workshop.current.f2s
                let server = ["F2S_SERVER=http://127.0.0.1:\(f2s.port)"]
                #expect(try status([binary, "invoke", "broken", "--path", "/whole"], server) == 0)
                #expect(try status([binary, "invoke", "broken"], server) == 1)
            }
        }

        private func status(_ command: [String], _ environment: [String]? = nil) throws -> Int {
            try ChildProcess(command, environment: environment).waitForEnd(within: .seconds(30))
        }
    }
}
