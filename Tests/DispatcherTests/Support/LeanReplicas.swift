import CLinux
import Glibc
import Synchronization

@testable import F2SDispatcher

/// Replicas that one thread serves by itself, lean enough that the dispatcher is what is measured. They answer requests
/// without content with the path that was asked for; `/large` with ``largeBytes`` bytes, `/never` never, `/wait/30`
/// after 30 ms.
final class LeanReplicas: Sendable {
    /// What was seen from inside.
    struct Tally: Sendable {
        /// Most requests that each replica had at once.
        var most: [Int]
        var served: [Int]
        /// Most that all of them had at once.
        var mostInAll = 0
        /// Bytes of large answers that are out.
        var largeBytes = 0
        /// Paths in the order of their arrival, where they are kept.
        var order: [String] = []
    }

    static let largeBytes = 8 << 20

    let ports: [Int]
    private let shared: Shared
    private let thread: LoopThread

    /// What the thread and the test both look at.
    fileprivate final class Shared: Sendable {
        let tally: Mutex<Tally>
        let isStopped = Atomic<Bool>(false)

        init(_ count: Int) {
            tally = Mutex(
                Tally(most: [Int](repeating: 0, count: count), served: [Int](repeating: 0, count: count)))
        }
    }

    /// - Parameters:
    ///   - delay: how long each answer takes, in nanoseconds.
    ///   - isOrderKept: whether to remember every path.
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

/// The thread's own affairs.
private final class LeanReplicaLoop {
    private struct Connection {
        let replica: Int
        /// Descriptors are used again, numbers are not.
        let number: Int
        var head: [UInt8] = []
        /// Bytes of a large answer that are not out yet.
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
    /// In the order of time.
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

    /// One round: what has arrived is noted first and answered a round later, so that two requests that are there at
    /// once are seen to be.
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
            // Who was waited for counts as inside until its answer would have been due.
            connections[descriptor] = nil
            close(descriptor)
            return
        }
        var head = connection.head
        head += bytes
        // Only the beginning of a head counts here; what follows an answered one is its content.
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
