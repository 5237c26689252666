import CLinux
import Glibc

@testable import F2SDispatcher

/// Normal traffic: a fixed number of requests per second on a few connections, independent of the responses to earlier
/// requests.
struct PacedLoad: Sendable {
    struct Outcome: Sendable {
        /// The time of each response, in nanoseconds, sorted.
        var times: [UInt64] = []
        var statuses: [Int: Int] = [:]

        /// The 99th percentile of the times, in milliseconds.
        var p99: Double { time(of: 0.99) }
        /// The median of the times, in milliseconds.
        var p50: Double { time(of: 0.5) }

        private func time(of share: Double) -> Double {
            times.isEmpty ? .infinity : Double(times[Int(Double(times.count) * share)]) / 1e6
        }
    }

    /// The times of one load, measured alone and beside another load that must not delay it.
    struct Comparison: Sendable {
        private var alone: [Outcome] = []
        private var beside: [Outcome] = []

        /// The smallest median that counts as a delay, in milliseconds. A busy machine does not delay half of all
        /// responses by this much.
        private static let delayMin = 20.0

        /// The number of pairs of runs that are measured, and the most while they show a delay.
        private static let (pairs, pairsMax) = (3, 10)

        /// True if another pair of runs must be measured. The work of other processes can delay several pairs.
        var isOpen: Bool { alone.count < Self.pairs || isDelayed && alone.count < Self.pairsMax }

        /// Adds a pair of runs.
        mutating func add(alone: Outcome, beside: Outcome) {
            self.alone.append(alone)
            self.beside.append(beside)
        }

        /// True if half of the responses were late in four fifths of the pairs of runs. The slowest percent and single
        /// runs are not evidence on a shared machine, where they may have waited for a processor.
        var isDelayed: Bool {
            let late = zip(alone, beside).count { $1.p50 > 10 * $0.p50 && $1.p50 > Self.delayMin }
            return late * 5 >= alone.count * 4
        }

        /// The figures as text.
        var text: String {
            let ratio = middle(beside, \.p99) / middle(alone, \.p99)
            return "p99 \(beside.map(\.p99)) ms, alone \(alone.map(\.p99)) ms; ratio of medians \(ratio) (limit 2); "
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

    /// Runs the load for this number of seconds on its own thread.
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
    /// The time at which the request was due, by connection.
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
                // The time during which no connection was free counts. The delay of this thread does not.
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
