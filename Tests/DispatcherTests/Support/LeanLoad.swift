import CLinux
import Glibc

@testable import F2SDispatcher

/// Clients that send the next request as soon as they receive a response, many per thread. Every request has a unique
/// path, and its response must contain that path. The load thereby detects a response that belongs to another request.
struct LeanLoad: Sendable {
    /// The results of a run.
    struct Outcome: Sendable {
        var statuses: [Int: Int] = [:]
        /// The number of responses that belonged to another request.
        var foreign = 0
        /// The number of connections that ended before their last response.
        var broken = 0
    }

    let port: Int
    /// The name of the function in `/invoke/NAME`.
    var function = "hello"
    /// True if a response must contain the path of its request.
    var isEcho = true
    /// The mean time for which a rejected client waits before its next request, in milliseconds. Each wait differs.
    var pause: UInt64 = 0

    /// Runs `count` requests on each of `connections` connections. Blocks the calling thread.
    func run(connections: Int, count: Int, isStopped: () -> Bool = { false }) throws -> Outcome {
        var run = LeanLoadRun(self, try Poll(), count: count)
        defer { run.end() }
        for number in 0..<connections { try run.open(number) }
        while run.open > 0, !isStopped() { run.turn() }
        return run.outcome
    }

    /// Runs the load on several threads.
    func run(threads: Int, connections: Int, count: Int) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for _ in 0..<threads {
                group.addTask { try await onThread { try run(connections: connections / threads, count: count) } }
            }
            return try await group.reduce(into: Outcome()) { sum, one in
                sum.statuses.merge(one.statuses, uniquingKeysWith: +)
                sum.foreign += one.foreign
                sum.broken += one.broken
            }
        }
    }
}

/// Runs `body`, which may block, on its own thread.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        do {
            _ = try LoopThread(name: "test") { continuation.resume(with: Swift.Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

private struct LeanLoadRun {
    private struct Client {
        let number: Int
        var sent = 0
        var path = ""
        var pending: [UInt8] = []
    }

    private let load: LeanLoad
    private let poll: Poll
    private let count: Int
    private var clients: [Int32: Client] = [:]
    private var resting: [(until: UInt64, descriptor: Int32)] = []
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)
    private(set) var outcome = LeanLoad.Outcome()

    init(_ load: LeanLoad, _ poll: Poll, count: Int) {
        self.load = load
        self.poll = poll
        self.count = count
    }

    var open: Int { clients.count }

    mutating func open(_ number: Int) throws {
        let descriptor = try Wire.connect(to: load.port)
        clients[descriptor] = Client(number: number)
        poll.add(descriptor, .readable)
        ask(descriptor)
    }

    mutating func turn() {
        let ready = poll.wait(events, milliseconds: resting.isEmpty ? 50 : 1)
        for event in events[..<ready] { read(event.data.fd) }
        let now = Wire.now()
        let rested = resting.prefix { $0.until <= now }
        resting.removeFirst(rested.count)
        for (_, descriptor) in rested where clients[descriptor] != nil { ask(descriptor) }
    }

    func end() {
        for descriptor in clients.keys { close(descriptor) }
        poll.close()
        events.deallocate()
    }

    private mutating func ask(_ descriptor: Int32) {
        guard var client = clients.removeValue(forKey: descriptor) else { return }
        guard client.sent < count else {
            close(descriptor)
            return
        }
        client.path = "/\(client.number)-\(client.sent)"
        client.sent += 1
        Wire.send(descriptor, Array("GET /invoke/\(load.function)\(client.path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        clients[descriptor] = client
    }

    private mutating func read(_ descriptor: Int32) {
        guard let bytes = Wire.receive(descriptor), var client = clients.removeValue(forKey: descriptor) else { return }
        guard !bytes.isEmpty else {
            outcome.broken += 1
            close(descriptor)
            return
        }
        client.pending += bytes
        let answer = try? Answer.parse(client.pending, isClosed: false, isToHead: false)
        if let (found, length) = answer {
            outcome.statuses[found.status, default: 0] += 1
            if load.isEcho, found.status == 200, found.body != client.path || length != client.pending.count {
                outcome.foreign += 1
            }
            client.pending.removeAll(keepingCapacity: true)
        }
        clients[descriptor] = client
        guard let answer else { return }
        if answer.found.status == 200 || load.pause == 0 {
            ask(descriptor)
        } else {
            // Waits between 0.5 and 1.5 times the mean, spread over the clients.
            let share = UInt64(client.number &* 7919 &+ client.sent &* 104_729) % 1000 + 500
            let until = Wire.now() + load.pause * 1000 * share
            resting.insert((until, descriptor), at: resting.firstIndex { $0.until > until } ?? resting.count)
        }
    }
}
