import CLinux
import Glibc
import Synchronization

@testable import F2SDispatcher

/// Replicas served by a single thread, fast enough that a test measures the dispatcher and not the replicas. They
/// respond to requests without content with the path of the request: to `/large` with ``largeBytes`` bytes, to `/never`
/// never, to `/wait/30` after 30 ms.
final class LeanReplicas: Sendable {
    /// The observations of the replicas.
    struct Tally: Sendable {
        /// The maximum number of concurrent requests of each replica.
        var most: [Int]
        var served: [Int]
        /// The maximum number of concurrent requests of all replicas together.
        var mostInAll = 0
        /// The number of bytes sent of large responses.
        var largeBytes = 0
        /// The paths in the order of their arrival, if they are recorded.
        var order: [String] = []
    }

    static let largeBytes = 8 << 20

    let ports: [Int]
    private let shared: Shared
    private let thread: LoopThread

    /// The state shared between the thread and the test.
    fileprivate final class Shared: Sendable {
        let tally: Mutex<Tally>
        let isStopped = Atomic<Bool>(false)

        init(_ count: Int) {
            tally = Mutex(
                Tally(most: [Int](repeating: 0, count: count), served: [Int](repeating: 0, count: count)))
        }
    }

    /// Starts replicas, each on its own port.
    /// - Parameters:
    ///   - count: The number of replicas.
    ///   - delay: The time from a request to its response, in nanoseconds.
    ///   - isOrderKept: True to record the path of every request.
    init(_ count: Int, delay: UInt64 = 0, isOrderKept: Bool = false) throws {
        let listeners = try (0..<count).map { _ in try Wire.listen() }
        let shared = Shared(count)
        ports = listeners.map(\.port)
        self.shared = shared
        let poll = try Poll()
        thread = try LoopThread(name: "lean-replicas") {
            let loop = LeanReplicaLoop(listeners.map(\.descriptor), poll, delay: delay, isOrderKept: isOrderKept)
            while !shared.isStopped.load(ordering: .relaxed) {
                loop.turn { change in shared.tally.withLock { change(&$0) } }
            }
            loop.end()
        }
    }

    var tally: Tally { shared.tally.withLock { $0 } }

    func stop() {
        shared.isStopped.store(true, ordering: .relaxed)
        thread.join()
    }
}

/// The state that only the thread uses.
private final class LeanReplicaLoop {
    private struct Connection {
        let replica: Int
        /// The number of the connection. Descriptors are reused, numbers are not.
        let number: Int
        var head: [UInt8] = []
        /// The number of unsent bytes of a large response.
        var large = 0
    }

    private struct Due {
        let time: UInt64
        let descriptor: Int32
        let number: Int
        let replica: Int
        let path: String
    }

    private let listeners: [Int32]
    private let poll: Poll
    private let delay: UInt64
    private let isOrderKept: Bool
    private var connections: [Int32: Connection] = [:]
    private var inside: [Int]
    /// The responses to send, ordered by time.
    private var due: [Due] = []
    private var arrived: [Due] = []
    private var largeBytes = 0
    private var nextNumber = 0
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)
    private let content = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)

    init(_ listeners: [Int32], _ poll: Poll, delay: UInt64, isOrderKept: Bool) {
        self.listeners = listeners
        self.poll = poll
        self.delay = delay
        self.isOrderKept = isOrderKept
        inside = [Int](repeating: 0, count: listeners.count)
        for listener in listeners { poll.add(listener, .readable) }
    }

    /// Runs one round. Requests that arrive in a round are counted in it and answered in a later one, so that requests
    /// that arrive together are counted as concurrent.
    func turn(_ note: ((inout LeanReplicas.Tally) -> Void) -> Void) {
        let wait: Int32 = due.isEmpty ? 20 : due[0].time <= Wire.now() ? 0 : 1
        let count = poll.wait(events, milliseconds: wait)
        let ready = due.prefix { $0.time <= Wire.now() }
        due.removeFirst(ready.count)
        for event in events[..<count] {
            let descriptor = event.data.fd
            if let replica = listeners.firstIndex(of: descriptor) { accept(descriptor, replica) } else { read(event) }
        }
        let (arrived, inside, largeBytes) = (arrived, inside, largeBytes)
        self.largeBytes = 0
        if !arrived.isEmpty || largeBytes > 0 {
            note { tally in
                tally.largeBytes += largeBytes
                for replica in inside.indices { tally.most[replica] = max(tally.most[replica], inside[replica]) }
                tally.mostInAll = max(tally.mostInAll, inside.reduce(0, +))
                for one in arrived { tally.served[one.replica] += 1 }
                if isOrderKept { tally.order += arrived.map(\.path) }
            }
        }
        self.arrived.removeAll(keepingCapacity: true)
        for one in arrived { due.insert(one, at: due.lastIndex { $0.time <= one.time }.map { $0 + 1 } ?? 0) }
        for one in ready { answer(one) }
    }

    func end() {
        for descriptor in listeners { close(descriptor) }
        for descriptor in connections.keys { close(descriptor) }
        poll.close()
        events.deallocate()
    }

    private func accept(_ listener: Int32, _ replica: Int) {
        var peer = sockaddr_storage()
        while true {
            let descriptor = f2s_accept(listener, &peer)
            guard descriptor >= 0 else { return }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            nextNumber += 1
            connections[descriptor] = Connection(replica: replica, number: nextNumber)
            poll.add(descriptor, .readable)
        }
    }

    private func read(_ event: epoll_event) {
        let descriptor = event.data.fd
        guard let connection = connections[descriptor] else { return }
        if event.events & EPOLLOUT.rawValue != 0 { flush(descriptor) }
        guard event.events & ~EPOLLOUT.rawValue != 0, let bytes = Wire.receive(descriptor) else { return }
        guard !bytes.isEmpty else {
            // The request of a client that left counts as in flight until its response would have been due.
            connections[descriptor] = nil
            close(descriptor)
            return
        }
        var head = connection.head
        head += bytes
        // Only the end of the head matters. Bytes after a complete head are its content and are ignored.
        guard head.count >= 4, let end = Answer.find([13, 10, 13, 10], in: head, from: 0) else {
            if head.count < 65_536 { connections[descriptor]?.head = head }
            return
        }
        connections[descriptor]?.head = []
        let line = head[..<end].prefix { $0 != 13 }.split(separator: 32)
        guard line.count == 3, line[1].first == UInt8(ascii: "/") else { return }
        inside[connection.replica] += 1
        let path = String(decoding: line[1], as: UTF8.self)
        let wait = path.hasPrefix("/wait/") ? path.split(separator: "/").last.flatMap { UInt64($0) } : nil
        let time = Wire.now() + (wait.map { $0 * 1_000_000 } ?? delay)
        arrived.append(
            Due(
                time: time, descriptor: descriptor,
                number: connection.number,
                replica: connection.replica, path: path))
    }

    private func answer(_ one: Due) {
        inside[one.replica] -= 1
        guard connections[one.descriptor]?.number == one.number, !one.path.hasPrefix("/never") else { return }
        guard one.path.hasPrefix("/large") else {
            Wire.send(
                one.descriptor,
                Array("HTTP/1.1 200 OK\r\nContent-Length: \(one.path.utf8.count)\r\n\r\n\(one.path)".utf8))
            return
        }
        connections[one.descriptor]?.large = LeanReplicas.largeBytes
        Wire.send(
            one.descriptor, Array("HTTP/1.1 200 OK\r\nContent-Length: \(LeanReplicas.largeBytes)\r\n\r\n".utf8))
        flush(one.descriptor)
    }

    private func flush(_ descriptor: Int32) {
        while let left = connections[descriptor]?.large, left > 0 {
            let sent = Wire.send(descriptor, content.prefix(left))
            guard sent > 0 else { return poll.change(descriptor, [.readable, .writable]) }
            connections[descriptor]?.large -= sent
            largeBytes += sent
        }
        poll.change(descriptor, .readable)
    }
}
