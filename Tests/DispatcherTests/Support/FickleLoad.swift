import CLinux
import F2SModel
import Glibc

@testable import F2SDispatcher

/// Clients of which a third leave at a random moment: they close, reset or half-close their connection. Every request
/// has its own connection. One thread runs all clients.
struct FickleLoad: Sendable {
    /// The results of a run.
    struct Outcome: Sendable {
        var statuses: [Int: Int] = [:]
        var left = 0
        /// The number of connections that ended without a response although the client had not left.
        var broken = 0
        /// The longest time from a request to its response, in milliseconds.
        var longest = 0.0
    }

    let ports: [Int]
    /// The functions to invoke. Each request goes to one of them and asks for a response after at most ``workMax``
    /// milliseconds.
    let functions: [String]
    var workMax: UInt64 = 300
    let seed: UInt64

    /// Runs `requests` requests, at most `atOnce` of them concurrently. Blocks the calling thread.
    func run(requests: Int, atOnce: Int) throws -> Outcome {
        var run = FickleRun(self, try Poll())
        defer { run.end() }
        var begun = 0
        while begun < requests || run.open > 0 {
            while begun < requests, run.open < atOnce {
                try run.begin()
                begun += 1
            }
            run.turn()
        }
        return run.outcome
    }
}

private struct FickleRun {
    private enum Departure: CaseIterable { case close, reset, halfClose }

    private struct Client {
        let number: Int
        let began: UInt64
        var pending: [UInt8] = []
        var hasLeft = false
    }

    private let load: FickleLoad
    private let poll: Poll
    private var generator: SplitMix64
    private var clients: [Int32: Client] = [:]
    /// The planned departures, the next one last.
    private var departures: [(time: UInt64, descriptor: Int32, number: Int, how: Departure)] = []
    private var nextNumber = 0
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)
    private(set) var outcome = FickleLoad.Outcome()

    init(_ load: FickleLoad, _ poll: Poll) {
        self.load = load
        self.poll = poll
        generator = SplitMix64(seed: load.seed)
    }

    var open: Int { clients.count }

    mutating func begin() throws {
        let descriptor = try Wire.connect(to: load.ports[Int.random(in: load.ports.indices, using: &generator)])
        let function = load.functions[Int.random(in: load.functions.indices, using: &generator)]
        let work = UInt64.random(in: 0...load.workMax, using: &generator)
        let now = Wire.now()
        nextNumber += 1
        clients[descriptor] = Client(number: nextNumber, began: now)
        poll.add(descriptor, .readable)
        Wire.send(descriptor, Array("GET /invoke/\(function)/wait/\(work) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        guard Int.random(in: 0..<3, using: &generator) == 0 else { return }
        let time = now + UInt64.random(in: 0...(load.workMax * 1_000_000), using: &generator)
        let how = Departure.allCases[Int.random(in: 0..<3, using: &generator)]
        let index = departures.firstIndex { $0.time <= time } ?? departures.count
        departures.insert((time, descriptor, nextNumber, how), at: index)
    }

    mutating func turn() {
        let ready = poll.wait(events, milliseconds: 1)
        for event in events[..<ready] { read(event.data.fd) }
        let now = Wire.now()
        while let next = departures.last, next.time <= now {
            departures.removeLast()
            leave(next.descriptor, next.number, next.how)
        }
    }

    func end() {
        for descriptor in clients.keys { close(descriptor) }
        poll.close()
        events.deallocate()
    }

    private mutating func leave(_ descriptor: Int32, _ number: Int, _ how: Departure) {
        // The response may have arrived before, and the descriptor may now belong to another client.
        guard clients[descriptor]?.number == number else { return }
        outcome.left += 1
        switch how {
        case .halfClose:
            clients[descriptor]?.hasLeft = true
            Wire.finishSending(descriptor)
        case .close:
            clients[descriptor] = nil
            close(descriptor)
        case .reset:
            clients[descriptor] = nil
            Wire.reset(descriptor)
        }
    }

    private mutating func read(_ descriptor: Int32) {
        guard let bytes = Wire.receive(descriptor), var client = clients.removeValue(forKey: descriptor) else { return }
        client.pending += bytes
        let answer = try? Answer.parse(client.pending, isClosed: bytes.isEmpty, isToHead: false)
        if let answer, !client.hasLeft {
            outcome.statuses[answer.found.status, default: 0] += 1
            outcome.longest = max(outcome.longest, Double(Wire.now() - client.began) / 1e6)
        } else if bytes.isEmpty {
            if !client.hasLeft { outcome.broken += 1 }
        } else {
            clients[descriptor] = client
            return
        }
        // A reset leaves no port in TIME_WAIT. A run opens tens of thousands of connections.
        Wire.reset(descriptor)
    }
}
