import Glibc
import Synchronization
import Testing

@testable import F2SDispatcher

extension DispatcherSerial {
    /// Tests servers that write head and content separately with Nagle's algorithm enabled, such as Python's
    /// http.server, WEBrick and Java's HttpServer.
    @Suite struct TwoPartResponseTests {
        /// The promised time in milliseconds. The delay that must not occur is 40 ms.
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
                // The kernel acknowledges the first segments of a connection at once in any case.
                let late = times.suffix(50).sorted()
                let median = Double(late[late.count / 2]) / 1e6
                report(2, "a response in two parts, \(loops) loops: median \(median) ms (limit \(Self.bar) ms)")
                #expect(median < 5 * Self.bar)
            }
            server.stop()
            try await running
        }
    }
}

/// A server that responds to every request with two writes.
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
