import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct TroubleBookTests {
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

    @Test func `callers hear of a crash together with its last lines`() throws {
        var book = TroubleBook()
        book.take(try crash(at: 1, message: "back-off 10s restarting"), at: moment(0))
        #expect(book.troubles.isEmpty && book.nextLook == .seconds(1))
        let wanted = try #require(book.wanted.first)
        #expect(wanted.podName == "name-of-p" && wanted.isBefore)
        book.take(tail: ["one", "two"], of: wanted)
        book.take(try crash(at: 1, message: "back-off 10s restarting"), at: moment(0.1))
        let trouble = try #require(book.troubles[f])
        #expect(trouble.logTail == ["one", "two"] && trouble.exitStatus == 3 && trouble.attempts == 1)
        #expect(trouble.nextAttempt == 1010 && trouble.stage == .start && trouble.retryAfterSeconds == 10)
        #expect(book.wanted.isEmpty, "a log is asked for once per crash")
    }

    @Test func `lines that do not come hold nobody up for long`() throws {
        var book = TroubleBook()
        book.take(try crash(at: 1), at: moment(0))
        book.take(try crash(at: 1), at: moment(0.9))
        #expect(book.troubles.isEmpty)
        book.take(try crash(at: 1), at: moment(1))
        #expect(book.troubles[f]?.logTail == [])
    }

    @Test func `every crash counts once, and the trouble of the one before stands until the next is known`() throws {
        var book = TroubleBook()
        for round in 0..<3 {
            let start = Double(round) * 100
            book.take(try crash(at: start), at: moment(start))
            if round > 0 { #expect(book.troubles[f]?.attempts == round) }
            for wanted in book.wanted { book.take(tail: ["line \(round)"], of: wanted) }
            for step in 1..<4 {
                book.take(try crash(at: start), at: moment(start + Double(step)))
                #expect(book.troubles[f]?.attempts == round + 1 && book.troubles[f]?.logTail == ["line \(round)"])
            }
        }
    }

    @Test func `an image that cannot be had is one trouble, whose better message stays, and each pull counts`() throws {
        var book = TroubleBook()
        let pull = try failure { $0.waiting = .init(reason: "ErrImagePull", message: "no such image") }
        let wait = try failure { $0.waiting = .init(reason: "ImagePullBackOff", message: "Back-off pulling") }
        book.take(pull, at: moment(0))
        let first = try #require(book.troubles[f])
        book.take(wait, at: moment(1))
        #expect(book.troubles[f]?.message == first.message && first.message.contains("no such image"))
        #expect(book.troubles[f]?.attempts == 1 && book.troubles[f]?.reason == "ImagePullBackOff")
        book.take(pull, at: moment(20))
        #expect(book.troubles[f]?.attempts == 2)
        book.take(wait, at: moment(21))
        #expect(book.troubles[f]?.attempts == 2)
    }

    @Test func `a trouble that stands is said anew before its time is over, and changes nothing in between`() throws {
        var book = TroubleBook()
        let failures = try failure { $0.unscheduled = .init(reason: "Unschedulable", message: "no room") }
        book.take(failures, at: moment(0))
        let first = book.troubles
        book.take(failures, at: moment(200))
        #expect(book.troubles == first)
        book.take(failures, at: moment(290))
        #expect(book.troubles[f]?.attempts == 2 && book.troubles[f]?.nextAttempt == 1590)
    }

    @Test func `a trouble ends with the failure, and another revision begins anew`() throws {
        var book = TroubleBook()
        let failures = try failure { $0.unscheduled = .init(reason: "Unschedulable", message: "no room") }
        book.take(failures, at: moment(0))
        book.take(failures, at: moment(290))
        var other = samplePod("q", revision: "r2")
        other.unscheduled = .init(reason: "Unschedulable", message: "no room")
        book.take([f: try #require(PodFailure(other))], at: moment(300))
        #expect(book.troubles[f]?.attempts == 1 && book.troubles[f]?.revision == "r2")
        book.take([:], at: moment(301))
        #expect(book.troubles.isEmpty && book.nextLook == nil)
    }
}
