import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct LeaseDecisionTests {
    private static let timing = LeaseDecision.Timing(failover: .seconds(4))

    private func candidate(_ name: String = "a", at now: Double = 0) -> LeaseDecision {
        LeaseDecision(identity: name, timing: Self.timing, now: .seconds(now))
    }

    private func written(_ action: LeaseDecision.Action) -> LeaseRecord? {
        if case .write(let record) = action { record } else { nil }
    }

    @Test func `every time of the lease follows from the fail-over time, which is 4 seconds by default`() {
        let timing = LeaseDecision.Timing(failover: Timeouts().failover)
        #expect(timing.duration == .seconds(4) && timing.renewDeadline == .seconds(3))
        #expect(timing.renewInterval == .seconds(1) && timing.retryInterval == .milliseconds(250))
        let slow = LeaseDecision.Timing(failover: .seconds(16))
        #expect(slow.renewInterval == .seconds(4), "15 writes a minute")
        for timing in [timing, slow, LeaseDecision.Timing(failover: .seconds(1))] {
            #expect(timing.renewDeadline < timing.duration && timing.renewInterval * 2 < timing.renewDeadline)
            #expect(timing.renewInterval + timing.writeTimeout < timing.renewDeadline, "one write may fail")
        }
    }

    @Test func `a holder with a longer fail-over time keeps its lease for the duration in its record`() throws {
        var b = candidate("b", at: 10)
        b.see(LeaseRecord(resourceVersion: "5", holder: "a", duration: .seconds(15)), at: .seconds(10))
        #expect(b.action(at: .seconds(20), wall: 0) == .rest(until: .seconds(25)))
        #expect(written(b.action(at: .seconds(25), wall: 0))?.holder == "b")
        let seconds = LeaseRecord(resourceVersion: "", holder: "a", duration: .milliseconds(2500))
            .manifest(name: "l", namespace: "n")["spec"]?["leaseDurationSeconds"]
        #expect(seconds == 3)
    }

    @Test func `a lease without a holder is acquired at once`() throws {
        var a = candidate()
        var record = try #require(written(a.action(at: .zero, wall: 50)))
        #expect(record.holder == "a" && record.resourceVersion.isEmpty)
        #expect(!a.isLeader(at: .zero), "a write without a response does not make a leader")
        record.resourceVersion = "1"
        a.wrote(record, begunAt: .zero, at: .seconds(0.1))
        #expect(a.isLeader(at: .seconds(2.9)) && !a.isLeader(at: .seconds(3)))
        #expect(a.action(at: .seconds(0.5), wall: 50) == .rest(until: .seconds(1)))
        #expect(written(a.action(at: .seconds(1), wall: 51))?.resourceVersion == "1")
    }

    @Test func `a leader may write until another process may lead, and no longer`() throws {
        var a = candidate()
        #expect(a.remaining(at: .zero) == .zero)
        a.wrote(LeaseRecord(resourceVersion: "1", holder: "a"), begunAt: .zero, at: .seconds(0.5))
        #expect(a.remaining(at: .seconds(0.5)) == .seconds(3.5))
        #expect(a.remaining(at: .seconds(2.5)) == .seconds(1.5))
        // The process no longer leads, and must not begin a write.
        #expect(a.remaining(at: .seconds(3)) == .zero)
    }

    @Test func `two processes on one host have different identities, and the identity of a pod is its name`() {
        var random = SplitMix64(seed: 1)
        let names = (0..<2).map { _ in
            KubernetesOptions.identity(podName: nil, hostName: "host", random: &random)
        }
        #expect(names[0] != names[1] && names.allSatisfy { $0.hasPrefix("host_") && $0.utf8.count == 21 })
        #expect(KubernetesOptions.identity(podName: "f2s-1", hostName: "host", random: &random) == "f2s-1")
        #expect(KubernetesOptions.identity(podName: "", hostName: "host", random: &random).hasPrefix("host_"))
    }

    @Test func `a write whose response is late or lost counts from its start, as soon as it is seen`() throws {
        var a = candidate()
        var record = try #require(written(a.action(at: .zero, wall: 50)))
        a.began(record, at: .zero)
        a.failed(at: .seconds(1.5))
        #expect(!a.isLeader(at: .seconds(1.5)))
        record.resourceVersion = "1"
        a.see(record, at: .seconds(1.6))
        #expect(a.isLeader(at: .seconds(2.9)) && !a.isLeader(at: .seconds(3)))
        // An earlier write, or a write of another process with the same name, does not confirm the newest write.
        var renewal = try #require(written(a.action(at: .seconds(2), wall: 52)))
        a.began(renewal, at: .seconds(2))
        record.resourceVersion = "2"
        a.see(record, at: .seconds(2.5))
        #expect(!a.isLeader(at: .seconds(3)))
        renewal.resourceVersion = "3"
        a.see(renewal, at: .seconds(3.5))
        #expect(a.isLeader(at: .seconds(4.9)) && !a.isLeader(at: .seconds(5)))
    }

    @Test func `a lease of another holder is acquired once it was seen unchanged for its whole duration`() throws {
        var b = candidate("b", at: 10)
        // The other process's clock is a hundred years off, which does not matter.
        var record = LeaseRecord(resourceVersion: "5", holder: "a", renewTime: "1926-01-01T00:00:00.000000Z")
        b.see(record, at: .seconds(10))
        #expect(b.action(at: .seconds(13.9), wall: 0) == .rest(until: .seconds(14)))
        record.resourceVersion = "6"
        record.renewTime = "1926-01-01T00:00:01.000000Z"
        b.see(record, at: .seconds(13))
        #expect(b.action(at: .seconds(14), wall: 0) == .rest(until: .seconds(17)))
        b.see(record, at: .seconds(16))
        let taken = try #require(written(b.action(at: .seconds(17), wall: 0)))
        #expect(taken.holder == "b" && taken.resourceVersion == "6" && taken.transitions == 1)
    }

    @Test func `a container that was started again does not wait for the lease that it holds`() {
        var a = candidate("a", at: 10)
        a.see(LeaseRecord(resourceVersion: "5", holder: "a"), at: .seconds(10))
        #expect(written(a.action(at: .seconds(10), wall: 0))?.holder == "a")
        #expect(!a.isLeader(at: .seconds(10)))
    }

    @Test func `a leader that sees another holder stops leading, and an old state that arrives late changes nothing`() {
        var a = candidate()
        a.wrote(LeaseRecord(resourceVersion: "7", holder: "a"), begunAt: .zero, at: .zero)
        a.see(LeaseRecord(resourceVersion: "6", holder: "b"), at: .seconds(0.1))
        #expect(a.isLeader(at: .seconds(1)))
        a.see(LeaseRecord(resourceVersion: "8", holder: "b"), at: .seconds(1))
        #expect(!a.isLeader(at: .seconds(1)))
    }

    @Test func `a leader that cannot renew keeps trying and stops leading in time`() {
        var a = candidate()
        a.wrote(LeaseRecord(resourceVersion: "7", holder: "a"), begunAt: .zero, at: .zero)
        a.failed(at: .seconds(1))
        #expect(a.action(at: .seconds(1), wall: 0) == .rest(until: .seconds(1.25)))
        #expect(written(a.action(at: .seconds(1.25), wall: 0)) != nil)
        #expect(a.isLeader(at: .seconds(2.9)) && !a.isLeader(at: .seconds(3)))
    }

    @Test func `a leader that resigns stops leading, and the next one does not wait`() throws {
        var (a, b) = (candidate("a"), candidate("b"))
        a.wrote(LeaseRecord(resourceVersion: "7", holder: "a"), begunAt: .zero, at: .zero)
        let resigned = a.resign()
        var released = try #require(resigned)
        #expect(released.holder.isEmpty && !a.isLeader(at: .zero))
        released.resourceVersion = "8"
        b.see(LeaseRecord(resourceVersion: "7", holder: "a"), at: .zero)
        b.see(released, at: .seconds(1))
        #expect(written(b.action(at: .seconds(1), wall: 0))?.holder == "b")
        a.see(released, at: .seconds(1))
        let again = a.resign()
        #expect(written(a.action(at: .seconds(9), wall: 0)) == nil && again == nil)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `there are never two leaders, even if calls are late or lost`(seed: UInt64) {
        var world = LeaseWorld(seed: seed, timing: Self.timing)
        for _ in 0..<10_000 {
            world.step()
            #expect(world.leaders <= 1, "seed \(seed)")
        }
        #expect(world.terms > 1, "seed \(seed): the failures must be frequent enough to change leaders")
    }
}

/// Three candidates, an API server that is slow and loses calls, and watches that are late. Each step advances the time
/// by 50 ms.
private struct LeaseWorld {
    private struct Call {
        let candidate: Int
        let record: LeaseRecord
        let begun: Duration
        var arrives: Duration
        var answers: Duration
        var isLost: Bool
        var outcome: LeaseRecord??
    }

    private var random: SplitMix64
    private var candidates: [LeaseDecision]
    private var pausedUntil: [Duration]
    private var calls: [Call] = []
    private var stored: LeaseRecord?
    private var version = 0
    private var news: [(candidate: Int, record: LeaseRecord?, at: Duration)] = []
    private var now = Duration.zero
    private var lastLeader: Int?
    private(set) var terms = 0
    private(set) var leaders = 0

    init(seed: UInt64, timing: LeaseDecision.Timing) {
        random = SplitMix64(seed: seed)
        candidates = (0..<3).map { LeaseDecision(identity: "c\($0)", timing: timing, now: .zero) }
        pausedUntil = Array(repeating: .zero, count: 3)
    }

    mutating func step() {
        now += .milliseconds(50)
        for index in calls.indices where calls[index].outcome == nil && calls[index].arrives <= now { serve(index) }
        for index in news.indices where news[index].at <= now {
            candidates[news[index].candidate].see(news[index].record, at: now)
        }
        news.removeAll { $0.at <= now }
        for call in calls where call.answers <= now { answer(call) }
        calls.removeAll { $0.answers <= now }
        for candidate in candidates.indices where pausedUntil[candidate] <= now {
            // A machine may stall for a while.
            if Int.random(in: 0..<600, using: &random) == 0 {
                pausedUntil[candidate] = now + .milliseconds(Int.random(in: 0...8000, using: &random))
                continue
            }
            guard !calls.contains(where: { $0.candidate == candidate }) else { continue }
            if case .write(let record) = candidates[candidate].action(at: now, wall: now.inSeconds) {
                let way = Duration.milliseconds(Int.random(in: 1...700, using: &random))
                let back = Duration.milliseconds(Int.random(in: 1...700, using: &random))
                calls.append(
                    Call(
                        candidate: candidate, record: record, begun: now, arrives: now + way,
                        answers: now + way + back, isLost: Int.random(in: 0..<4, using: &random) == 0))
            }
        }
        let leading = candidates.indices.filter { candidates[$0].isLeader(at: now) }
        leaders = leading.count
        if let leader = leading.first, leader != lastLeader {
            lastLeader = leader
            terms += 1
        }
    }

    private mutating func serve(_ index: Int) {
        let call = calls[index]
        // Either the call or its response may be lost.
        if call.isLost, Bool.random(using: &random) {
            calls[index].outcome = .some(nil)
            return
        }
        guard call.record.resourceVersion == stored?.resourceVersion ?? "" else {
            calls[index].outcome = .some(nil)
            return
        }
        version += 1
        var record = call.record
        record.resourceVersion = "\(version)"
        stored = record
        calls[index].outcome = .some(call.isLost ? nil : record)
        for candidate in candidates.indices {
            news.append((candidate, record, now + .milliseconds(Int.random(in: 1...900, using: &random))))
        }
    }

    private mutating func answer(_ call: Call) {
        if case .some(.some(let record)) = call.outcome {
            candidates[call.candidate].wrote(record, begunAt: call.begun, at: now)
        } else {
            candidates[call.candidate].failed(at: now)
        }
    }
}
