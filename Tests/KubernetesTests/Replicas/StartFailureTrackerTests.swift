import F2SModel
import F2SSystem
import Testing

@testable import F2SKubernetes

@Suite struct StartFailureTrackerTests {
    private let f = Function.ID("f")

    private func failure(_ change: (inout PodObservation) -> Void) throws -> [Function.ID: PodFailure] {
        [f: try #require(PodFailure(samplePod("p", change)))]
    }

    private func crash(at finished: Double, message: String = "") throws -> [Function.ID: PodFailure] {
        try failure {
            $0.endedBefore = sampleEnding(3, at: finished)
            $0.waiting = .init(reason: "CrashLoopBackOff", message: message)
        }
    }

    private func moment(_ seconds: Double) -> Moment { Moment(steady: .seconds(seconds), wall: 1000 + seconds) }

    @Test func `a crash is published together with its last log lines`() throws {
        var tracker = StartFailureTracker()
        tracker.update(try crash(at: 1, message: "back-off 10s restarting"), at: moment(0))
        #expect(tracker.startFailures.isEmpty && tracker.nextCheck == .seconds(1))
        let wanted = try #require(tracker.wanted.first)
        #expect(wanted.podName == "name-of-p" && wanted.isBefore)
        tracker.record(tail: ["one", "two"], of: wanted)
        tracker.update(try crash(at: 1, message: "back-off 10s restarting"), at: moment(0.1))
        let startFailure = try #require(tracker.startFailures[f])
        #expect(startFailure.logTail == ["one", "two"] && startFailure.exitStatus == 3 && startFailure.attempts == 1)
        #expect(
            startFailure.nextAttempt == 1010 && startFailure.stage == .start && startFailure.retryAfterSeconds == 10)
        #expect(tracker.wanted.isEmpty, "the log is read once per crash")
    }

    @Test func `missing log lines delay a failure by one second only`() throws {
        var tracker = StartFailureTracker()
        tracker.update(try crash(at: 1), at: moment(0))
        tracker.update(try crash(at: 1), at: moment(0.9))
        #expect(tracker.startFailures.isEmpty)
        tracker.update(try crash(at: 1), at: moment(1))
        #expect(tracker.startFailures[f]?.logTail == [])
    }

    @Test func `each crash counts once, and stays published until the log lines of the next one are known`() throws {
        var tracker = StartFailureTracker()
        for round in 0..<3 {
            let start = Double(round) * 100
            tracker.update(try crash(at: start), at: moment(start))
            if round > 0 { #expect(tracker.startFailures[f]?.attempts == round) }
            for wanted in tracker.wanted { tracker.record(tail: ["line \(round)"], of: wanted) }
            for step in 1..<4 {
                tracker.update(try crash(at: start), at: moment(start + Double(step)))
                #expect(
                    tracker.startFailures[f]?.attempts == round + 1
                        && tracker.startFailures[f]?.logTail == ["line \(round)"])
            }
        }
    }

    @Test func `a pull and its backoff are one failure with the better message, and each new pull is an attempt`()
        throws
    {
        var tracker = StartFailureTracker()
        let pull = try failure { $0.waiting = .init(reason: "ErrImagePull", message: "no such image") }
        let wait = try failure { $0.waiting = .init(reason: "ImagePullBackOff", message: "Back-off pulling") }
        tracker.update(pull, at: moment(0))
        let first = try #require(tracker.startFailures[f])
        tracker.update(wait, at: moment(1))
        #expect(tracker.startFailures[f]?.message == first.message && first.message.contains("no such image"))
        #expect(tracker.startFailures[f]?.attempts == 1 && tracker.startFailures[f]?.reason == "ImagePullBackOff")
        tracker.update(pull, at: moment(20))
        #expect(tracker.startFailures[f]?.attempts == 2)
        tracker.update(wait, at: moment(21))
        #expect(tracker.startFailures[f]?.attempts == 2)
    }

    @Test func `a lasting failure is published again before its next attempt is due, and not in between`() throws {
        var tracker = StartFailureTracker()
        let failures = try failure { $0.unscheduled = .init(reason: "Unschedulable", message: "no room") }
        tracker.update(failures, at: moment(0))
        let first = tracker.startFailures
        tracker.update(failures, at: moment(200))
        #expect(tracker.startFailures == first)
        tracker.update(failures, at: moment(290))
        #expect(tracker.startFailures[f]?.attempts == 2 && tracker.startFailures[f]?.nextAttempt == 1590)
    }

    @Test func `a start failure ends with the pod failure, and another revision starts with attempt one`() throws {
        var tracker = StartFailureTracker()
        let failures = try failure { $0.unscheduled = .init(reason: "Unschedulable", message: "no room") }
        tracker.update(failures, at: moment(0))
        tracker.update(failures, at: moment(290))
        var other = samplePod("q", revision: "r2")
        other.unscheduled = .init(reason: "Unschedulable", message: "no room")
        tracker.update([f: try #require(PodFailure(other))], at: moment(300))
        #expect(tracker.startFailures[f]?.attempts == 1 && tracker.startFailures[f]?.revision == "r2")
        tracker.update([:], at: moment(301))
        #expect(tracker.startFailures.isEmpty && tracker.nextCheck == nil)
    }
}
