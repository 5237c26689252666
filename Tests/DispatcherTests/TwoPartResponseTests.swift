import Glibc
import Synchronization
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Servers that write head and content by themselves and leave Nagle's algorithm on: Python's http.server, WEBrick,
    /// Java's HttpServer.
    @Suite struct TwoPartResponseTests {
        /// Milliseconds. What is avoided takes 40.
        private static let bar = 2.0

        @Test(arguments: testedLoops) func `the second part of a response is not delayed`(loops: Int) async throws {
            let (listener, port) = try Wire.listen()
            defer { close(listener) }
            let server = TwoPartServer(listener)
            async let running: Void = onThread { server.run() }
            defer { server.stop() }
            try await withTestbed(loops: loops) { bed in
                try await bed.serve(ports: [port])
                let client = try await bed.client()
                var times: [UInt64] = []
                for _ in 0..<100 {
                    let begun = Wire.now()
                    #expect(try await client.ask(get()).body == "content")
                    times.append(Wire.now() - begun)
                }
                // The kernel acknowledges the first ones of a connection at once anyway.
                let late = times.suffix(50).sorted()
                let median = Double(late[late.count / 2]) / 1e6
                report(2, "a response in two parts, \(loops) loops: median \(median) ms (bar \(Self.bar) ms)")
                #expect(median < 5 * Self.bar)
            }
            server.stop()
            try await running
        }
    }
}

/// Answers every request on a thread of its own, in two writes.
private final class TwoPartServer: Sendable {
    private let listener: Int32
    private let isOver = Atomic<Bool>(false)

    init(_ listener: Int32) { self.listener = listener }

    func run() {
        var connections: [Int32] = []
        while !isOver.load(ordering: .relaxed) {
            while let (descriptor, _) = Socket.accept(listener) { connections.append(descriptor) }
            for (index, descriptor) in connections.enumerated().reversed() {
                guard let bytes = Wire.receive(descriptor) else { continue }
                if bytes.isEmpty {
                    close(descriptor)
                    connections.remove(at: index)
                } else {
                    Wire.send(descriptor, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n".utf8)
                    Wire.send(descriptor, "content".utf8)
                }
            }
            poll(nil, 0, 1)
        }
        for descriptor in connections { close(descriptor) }
    }

    func stop() { isOver.store(true, ordering: .relaxed) }
}
