import CLinux
import Glibc

@testable import F2SDispatcher

/// Normal traffic: so many requests per second on a few connections, whatever becomes of those before.
struct PacedLoad: Sendable {
    struct Outcome: Sendable {
        /// Nanoseconds that each answer took, sorted.
        var times: [UInt64] = []
        var statuses: [Int: Int] = [:]

        /// The time that 99 of 100 were within, in milliseconds.
        var p99: Double { time(of: 0.99) }
        /// The time that half of them were within, in milliseconds.
        var p50: Double { time(of: 0.5) }

        private func time(of share: Double) -> Double {
            times.isEmpty ? .infinity : Double(times[Int(Double(times.count) * share)]) / 1e6
        }
    }

    /// The times of one load, measured alone and beside something that must not delay it.
    struct Comparison: Sendable {
        private var alone: [Outcome] = []
        private var beside: [Outcome] = []

        /// A delay in milliseconds that no busy machine explains when half of all answers have it.
        private static let delayMin = 20.0

        /// Adds one pair of runs.
        mutating func add(alone: Outcome, beside: Outcome) {
            self.alone.append(alone)
            self.beside.append(beside)
        }

        /// True if half of the answers came late in every pair of runs. The slowest of a hundred say nothing on a
        /// shared machine, where they may have waited for a processor, nor does one run of three.
        var isDelayed: Bool {
            zip(alone, beside).allSatisfy { $1.p50 > 10 * $0.p50 && $1.p50 > Self.delayMin }
        }

        /// The figures.
        var text: String {
            let ratio = middle(beside, \.p99) / middle(alone, \.p99)
            return "p99 \(beside.map(\.p99)) ms, alone \(alone.map(\.p99)) ms; ratio of medians \(ratio) (bar 2); "
                + "p50 \(middle(beside, \.p50)) ms, alone \(middle(alone, \.p50)) ms"
        }

        private func middle(_ outcomes: [Outcome], _ figure: (Outcome) -> Double) -> Double {
            outcomes.map(figure).sorted()[outcomes.count / 2]
        }
    }

    let port: Int
    var function = "hello"
    var perSecond = 200
    var connections = 8

    /// Runs for so many seconds, on a thread of its own.
    func run(seconds: Double) async throws -> Outcome {
        try await onThread {
            var run = PacedLoadRun(self, try Poll())
            defer { run.end() }
            for _ in 0..<connections { try run.open() }
            return run.run(count: Int(Double(perSecond) * seconds))
        }
    }
}

private struct PacedLoadRun {
    private let load: PacedLoad
    private let poll: Poll
    private let request: [UInt8]
    private var free: [Int32] = []
    /// When the request was due, by connection.
    private var asked: [Int32: UInt64] = [:]
    private var pending: [Int32: [UInt8]] = [:]
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 64)
    private var outcome = PacedLoad.Outcome()

    init(_ load: PacedLoad, _ poll: Poll) {
        self.load = load
        self.poll = poll
        request = Array("GET /invoke/\(load.function)/normal HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    }

    mutating func open() throws {
        let descriptor = try Wire.connect(to: load.port)
        poll.add(descriptor, .readable)
        free.append(descriptor)
    }

    mutating func run(count: Int) -> PacedLoad.Outcome {
        let interval = 1_000_000_000 / UInt64(load.perSecond)
        var due = Wire.now()
        var left = count
        var lost = false
        let end = due + UInt64(count) * interval + 30_000_000_000
        while (left > 0 || !asked.isEmpty) && !lost {
            let now = Wire.now()
            if left > 0, now >= due, let descriptor = free.popLast() {
                // Time in which no connection is free counts; that in which this thread was late does not.
                asked[descriptor] = free.isEmpty ? due : now
                Wire.send(descriptor, request)
                due += interval
                left -= 1
                continue
            }
            let wait = left > 0 && due > now && !free.isEmpty ? (due - now) / 1_000_000 : 1
            for event in events[..<poll.wait(events, milliseconds: Int32(wait))] { read(event.data.fd) }
            lost = Wire.now() > end
        }
        outcome.times.sort()
        return outcome
    }

    private mutating func read(_ descriptor: Int32) {
        guard let bytes = Wire.receive(descriptor) else { return }
        guard !bytes.isEmpty else {
            asked[descriptor] = nil
            outcome.statuses[0, default: 0] += 1
            poll.remove(descriptor)
            return
        }
        pending[descriptor, default: []] += bytes
        guard
            let (answer, _) = try? Answer.parse(pending[descriptor] ?? [], isClosed: false, isToHead: false),
            let begun = asked.removeValue(forKey: descriptor)
        else { return }
        pending[descriptor] = []
        outcome.times.append(Wire.now() - begun)
        outcome.statuses[answer.status, default: 0] += 1
        free.append(descriptor)
    }

    func end() {
        for descriptor in free + Array(asked.keys) { close(descriptor) }
        poll.close()
        events.deallocate()
    }
}
