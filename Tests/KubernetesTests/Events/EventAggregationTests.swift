import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct EventAggregationTests {
    private func event(_ message: String = "m", function: String = "f", at time: Double) -> Event {
        Event(time: time, function: function, reason: "Scaled", message: message)
    }

    @Test func `the same news again becomes a count of the same object`() throws {
        var aggregation = EventAggregation()
        aggregation.take(event(at: 1))
        aggregation.take(event(at: 2))
        let writes = aggregation.drain(10)
        let first = try #require(writes.first)
        #expect(first.count == 2 && first.first == 1 && first.last == 2 && !first.isKnown)
        let none = aggregation.drain(10)
        #expect(none.isEmpty)
        aggregation.take(event(at: 3))
        let second = aggregation.drain(10)
        #expect(second.map(\.name) == [first.name] && second.map(\.count) == [3] && second.map(\.isKnown) == [true])
    }

    @Test func `what happens all the time hides nothing that is rare`() {
        var aggregation = EventAggregation()
        for number in 0..<100 { aggregation.take(event("\(number)", at: 1)) }
        for reason in ["RollingOut", "RolledOut", "StartFailed", "Refused"] {
            aggregation.take(Event(time: 2, function: "f", reason: reason, message: "m"))
        }
        let reasons = aggregation.drain(1000).map(\.event.reason)
        #expect(reasons.count { $0 == "Scaled" } == 25)
        #expect(Set(reasons) == ["Scaled", "RollingOut", "RolledOut", "StartFailed", "Refused"])
    }

    @Test func `after a long silence it is told anew`() {
        var aggregation = EventAggregation()
        aggregation.take(event(at: 1))
        let first = aggregation.drain(10)
        aggregation.take(event(at: 700))
        let second = aggregation.drain(10)
        #expect(second.map(\.count) == [1] && second.map(\.isKnown) == [false] && first[0].name != second[0].name)
    }

    @Test func `what waits to be written is bounded, and is written when there is time`() {
        var aggregation = EventAggregation()
        for number in 0..<6000 { aggregation.take(event(function: "f\(number)", at: 1)) }
        let first = aggregation.drain(10_000)
        #expect(first.count == 4096 && Set(first.map(\.event.function)).count == 4096)
        aggregation.take(event(function: "late", at: 2))
        let second = aggregation.drain(10_000)
        #expect(second.map(\.event.function) == ["late"])
    }

    @Test func `one function that goes wild is cut off, and no other one with it`() {
        var aggregation = EventAggregation()
        for number in 0..<100 { aggregation.take(event("m\(number)", at: 1)) }
        aggregation.take(event(function: "other", at: 1))
        let writes = aggregation.drain(1000)
        #expect(writes.count == 26 && writes.contains { $0.event.function == "other" })
    }

    @Test func `what is no function's is no Event, and no more is written than may be`() {
        var aggregation = EventAggregation()
        aggregation.take(event(function: "", at: 1))
        let none = aggregation.drain(10)
        #expect(none.isEmpty)
        for number in 0..<5 { aggregation.take(event("m\(number)", at: 1)) }
        let (some, rest) = (aggregation.drain(3), aggregation.drain(3))
        #expect(some.count == 3 && rest.count == 2)
    }
}
