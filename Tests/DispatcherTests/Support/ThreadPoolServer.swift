import Glibc
import Synchronization

@testable import F2SDispatcher

/// A server with a fixed number of threads. Each thread serves one connection until the connection ends, and blocks
/// while it waits for the next request.
final class ThreadPoolServer: Sendable {
    let port: Int
    private let listener: Int32
    private let threads: [LoopThread]
    private let state: State

    private final class State: Sendable {
        let isStopped = Atomic<Bool>(false)
        let connections = Mutex<Set<Int32>>([])
        let inside = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let accepted = Atomic<Int>(0)
    }

    /// Starts the server.
    /// - Parameters:
    ///   - count: The number of threads, and so the number of connections served concurrently.
    ///   - delay: The time from a request to its response, in microseconds.
    init(threads count: Int, delay: UInt32 = 0) throws {
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        let (listener, port) = try Wire.listen(type: Int32(type))
        let state = State()
        self.listener = listener
        self.port = port
        self.state = state
        threads = try (0..<count).map { _ in
            try LoopThread(name: "pool-server") { Self.work(listener, delay, state) }
        }
    }

    /// The maximum number of concurrent requests.
    var most: Int { state.most.load(ordering: .relaxed) }
    /// The number of accepted connections.
    var accepted: Int { state.accepted.load(ordering: .relaxed) }

    func stop() {
        state.isStopped.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
        state.connections.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        for thread in threads { thread.join() }
        close(listener)
    }

    private static func work(_ listener: Int32, _ delay: UInt32, _ state: State) {
        while !state.isStopped.load(ordering: .relaxed) {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            state.accepted.add(1, ordering: .relaxed)
            state.connections.withLock { _ = $0.insert(descriptor) }
            if !state.isStopped.load(ordering: .relaxed) { serve(descriptor, delay, state) }
            state.connections.withLock { _ = $0.remove(descriptor) }
            close(descriptor)
        }
    }

    private static func serve(_ descriptor: Int32, _ delay: UInt32, _ state: State) {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
        var head: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            head += bytes[..<count]
            guard head.suffix(4) == [13, 10, 13, 10] else { continue }
            head = []
            let now = state.inside.add(1, ordering: .relaxed).newValue
            _ = state.most.max(now, ordering: .relaxed)
            // Safe: this thread belongs to the server, and the sleep is the time of the response.
            if delay > 0 { usleep(delay) }
            state.inside.subtract(1, ordering: .relaxed)
            guard Wire.send(descriptor, answer) == answer.count else { return }
        }
    }
}
