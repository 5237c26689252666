import CLinux
import F2SModel
import Glibc
import TestSupport
import Testing

@testable import F2SLocal

/// A server that responds only when the test requests it.
private final class SilentServer {
    private let listener: Int32
    private var caller: Int32 = -1
    private var received: [UInt8] = []
    let address: Replica.Address

    init() throws {
        let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let listener = socket(AF_INET, Int32(type), 0)
        // A socket that is not bound gets a free port when it listens.
        try #require(listen(listener, 1) == 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &length) }
        }
        self.listener = listener
        self.address = Replica.Address(ip: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
    }

    deinit { for descriptor in [caller, listener] where descriptor >= 0 { close(descriptor) } }

    /// Returns the part of the request that has arrived.
    func request() -> String {
        var peer = sockaddr_storage()
        if caller < 0 { caller = f2s_accept(listener, &peer) }
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = recv(caller, &piece, piece.count, 0)
        if count > 0 { received += piece[..<count] }
        return String(decoding: received, as: UTF8.self)
    }

    func answer(_ text: String) { _ = send(caller, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
}

/// Waits for more than a second. These tests are about the passing of time.
private func outlastASecond() async throws {
    let begun = ContinuousClock.now
    try await eventually("more than a second has passed") { ContinuousClock.now - begun > .milliseconds(1500) }
}

/// Tests of a readiness probe with a late response.
@Suite struct SlowProbeTests {
    @Test func `a response that takes more than a second counts if the probe's timeout allows it`() async throws {
        let server = try SilentServer()
        let probe = ReadinessProbe(path: "/up", timeout: .seconds(60))
        let check = ReadinessCheck(address: server.address, probe: probe)
        async let answered = check.isAnswered()
        try await eventually("the request has arrived") { server.request().hasSuffix("\r\n\r\n") }
        #expect(server.request().hasPrefix("GET /up HTTP/1.1\r\n"))
        try await outlastASecond()
        server.answer("HTTP/1.1 200 OK\r\n\r\n")
        let isAnswered = await answered
        #expect(isAnswered)
    }

    @Test func `a response that takes longer than the probe's timeout means not ready`() async throws {
        let server = try SilentServer()
        let probe = ReadinessProbe(path: "/up", timeout: .milliseconds(200))
        let begun = ContinuousClock.now
        let isAnswered = await ReadinessCheck(address: server.address, probe: probe).isAnswered()
        let time = ContinuousClock.now - begun
        #expect(!isAnswered)
        #expect(server.request().hasPrefix("GET /up HTTP/1.1\r\n"), "it has sent the request and waited")
        #expect(time >= .milliseconds(200))
    }
}

extension ProcessesSerial {
    /// Tests of a real replica that responds to its readiness probe late.
    @Suite struct SlowReplicaTests {
        /// A program that responds to each request when the test has opened and closed the named pipe.
        private static let program = """
            import http.server, os
            class H(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    open('gate').read()
                    self.send_response(200)
                    self.end_headers()
                def log_message(self, *a): pass
            http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
            """

        @Test func `a replica is ready once it has responded to a probe that took more than a second`() async throws {
            try await withPlatform { platform, folder in
                try folder.write("serve.py", Self.program)
                let gate = folder.path + "/gate"
                try #require(mkfifo(gate, 0o600) == 0)
                var target = Target(command: ["python3", "serve.py"])
                target.readinessProbe = ReadinessProbe(path: "/up", timeout: .seconds(60))
                let function = try await platform.declare("slow", target)
                try await platform.replicas.apply(function, .fixed(1), retiring: [])
                var writer: Int32 = -1
                defer { if writer >= 0 { close(writer) } }
                // A named pipe can be opened for writing without a wait only while the program reads it.
                try await eventually("the probe has arrived") {
                    writer = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                    return writer >= 0
                }
                try await outlastASecond()
                #expect(try await platform.replicaSnapshot().replicas.map(\.state) == [.starting])
                close(writer)
                writer = -1
                // If the probe had timed out, the next one would wait for the pipe for ever.
                try await eventually("it is ready") {
                    try await platform.replicaSnapshot().replicas.map(\.state) == [.ready]
                }
            }
        }
    }
}
