import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct EventAggregationTests {
    private func event(_ message: String = "m", function: String = "f", at time: Double) -> Event {
        Event(time: time, function: function, reason: "Scaled", message: message)
    }

    @Test func `a repeated event increases the count of the same object`() throws {
        var aggregation = EventAggregation()
        aggregation.add(event(at: 1))
        aggregation.add(event(at: 2))
        let writes = aggregation.drain(10)
        let first = try #require(writes.first)
        #expect(first.count == 2 && first.first == 1 && first.last == 2 && !first.isKnown)
        let none = aggregation.drain(10)
        #expect(none.isEmpty)
        aggregation.add(event(at: 3))
        let second = aggregation.drain(10)
        #expect(second.map(\.name) == [first.name] && second.map(\.count) == [3] && second.map(\.isKnown) == [true])
    }

    @Test func `frequent events do not displace rare ones`() {
        var aggregation = EventAggregation()
        for number in 0..<100 { aggregation.add(event("\(number)", at: 1)) }
        for reason in ["RollingOut", "RolledOut", "StartFailed", "Refused"] {
            aggregation.add(Event(time: 2, function: "f", reason: reason, message: "m"))
        }
        let reasons = aggregation.drain(1000).map(\.event.reason)
        #expect(reasons.count { $0 == "Scaled" } == 25)
        #expect(Set(reasons) == ["Scaled", "RollingOut", "RolledOut", "StartFailed", "Refused"])
    }

    @Test func `an event after a long pause gets a new object`() {
        var aggregation = EventAggregation()
        aggregation.add(event(at: 1))
        let first = aggregation.drain(10)
        aggregation.add(event(at: 700))
        let second = aggregation.drain(10)
        #expect(second.map(\.count) == [1] && second.map(\.isKnown) == [false] && first[0].name != second[0].name)
    }

    @Test func `the number of events that wait to be written is limited, and a write makes space for new ones`() {
        var aggregation = EventAggregation()
        for number in 0..<6000 { aggregation.add(event(function: "f\(number)", at: 1)) }
        let first = aggregation.drain(10_000)
        #expect(first.count == 4096 && Set(first.map(\.event.function)).count == 4096)
        aggregation.add(event(function: "late", at: 2))
        let second = aggregation.drain(10_000)
        #expect(second.map(\.event.function) == ["late"])
    }

    @Test func `the events of one noisy function are limited, and those of other functions are not`() {
        var aggregation = EventAggregation()
        for number in 0..<100 { aggregation.add(event("m\(number)", at: 1)) }
        aggregation.add(event(function: "other", at: 1))
        let writes = aggregation.drain(1000)
        #expect(writes.count == 26 && writes.contains { $0.event.function == "other" })
    }

    @Test func `an event without a function is dropped, and each drain returns no more than its limit`() {
        var aggregation = EventAggregation()
        aggregation.add(event(function: "", at: 1))
        let none = aggregation.drain(10)
        #expect(none.isEmpty)
        for number in 0..<5 { aggregation.add(event("m\(number)", at: 1)) }
        let (some, rest) = (aggregation.drain(3), aggregation.drain(3))
        #expect(some.count == 3 && rest.count == 2)
    }
}
