import F2SMetrics
import F2SModel
import Testing

@Suite struct TimeSeriesStoreTests {
    private let hello = Function.ID("hello")
    private let bounds = Histogram.Bounds([0.1, 0.2, 0.4])

    private func id(_ number: Int) -> Function.ID { Function.ID("f\(number)") }

    /// Returns a sample with responses of status 200 that took less than the bounds of the buckets.
    private func sample(
        _ function: Function.ID, ok: UInt32 = 0, inFlight: Int = 0, slots: Int? = nil, desired: Int = 0,
        ready: Int = 0, _ change: (inout FunctionActivity) -> Void = { _ in }
    ) -> FunctionSample {
        var activity = FunctionActivity(function: function, inFlight: inFlight)
        activity.counts.responses[.successful] = ok
        change(&activity)
        return FunctionSample(activity, slots: slots, desired: desired, ready: ready)
    }

    private func durations(_ milliseconds: [UInt64]) -> Histogram.Reading {
        let histogram = Histogram(bounds: bounds)
        for duration in milliseconds { histogram.observe(nanoseconds: duration * 1_000_000) }
        return histogram.reading
    }

    @Test func `a step has the invocations that ended in it and the amounts at its end`() throws {
        var store = TimeSeriesStore(after: 0)
        store.record(
            [
                sample(hello, ok: 3, inFlight: 2, slots: 4, desired: 2, ready: 1) { activity in
                    activity.counts.responses[.serverError] = 1
                    activity.counts.failures = Stage.allCases.map { $0 == .start ? 2 : 0 }
                    activity.counts.abandoned = 5
                    activity.counts.coldStarts = 1
                    activity.counts.duration = durations([50, 50, 150, 300])
                    activity.lastColdStart = .milliseconds(400)
                }
            ], at: 1)
        let window = store.window(of: hello, steps: 1)
        let step = try #require(window.steps.first ?? nil)
        #expect(step.responses[.successful] == 3 && step.responses[.serverError] == 1)
        #expect(step.responses.total == 4)
        #expect((step.failed, step.abandoned, step.coldStarts) == (2, 5, 1))
        #expect(step.gauges == FunctionGauges(inFlight: 2, slots: 4, desired: 2, ready: 1))
        #expect(step.duration?.p50 == 0.1)
        #expect(step.duration.map { $0.p95 > 0.3 && $0.p99 <= 0.4 } == true)
        #expect(window.failures == [.start: [2]])
        let traffic = store.traffic(of: hello)
        #expect(traffic.rates == Array(repeating: 0, count: 11) + [1.1])
        #expect(traffic.rate == 1.1)
        #expect(traffic.coldStart == 0.4)
        #expect(store.coldStart(of: hello) == 0.4)
    }

    @Test func `a quiet step keeps the amounts and has no invocations`() {
        var store = TimeSeriesStore(after: 0)
        store.record([sample(hello, ok: 1, desired: 1, ready: 1)], at: 1)
        store.record([sample(hello, desired: 1, ready: 1)], at: 2)
        store.record([sample(hello, desired: 1, ready: 1)], at: 3)
        let steps = store.window(of: hello, steps: 3).steps
        #expect(steps.map { $0?.responses.total } == [1, 0, 0])
        #expect(steps.map { $0?.gauges.ready } == [1, 1, 1])
        #expect(steps.map { $0?.duration == nil } == [true, true, true])
    }

    @Test func `a function that is no longer sampled has no replicas`() {
        var store = TimeSeriesStore(after: 0)
        store.record([sample(hello, inFlight: 1, slots: 2, desired: 1, ready: 1)], at: 1)
        store.record([], at: 2)
        store.record([], at: 5)
        let steps = store.window(of: hello, steps: 5).steps
        #expect(steps.map { $0?.gauges.ready } == [1, 0, 0, 0, 0])
        #expect(steps.map { $0?.gauges.slots } == [2, 0, 0, 0, 0])
        #expect(steps.map { $0?.gauges.inFlight } == [1, 0, 0, 0, 0])
    }

    @Test func `steps before the first one are not known`() {
        var store = TimeSeriesStore(after: 7)
        #expect(store.window(of: hello, steps: 3).steps == [nil, nil, nil])
        store.record([], at: 8)
        store.record([sample(hello, ok: 6)], at: 9)
        #expect(store.window(of: hello, steps: 4).steps.map { $0?.responses.total } == [nil, nil, 0, 6])
        #expect(store.window(of: Function.ID("other"), steps: 4).steps.map { $0?.responses.total } == [nil, nil, 0, 0])
        // The average is that of two steps, not that of a minute.
        #expect(store.rate(of: hello) == 0.3)
        #expect(store.traffic(of: Function.ID("other")).rate == 0)
    }

    @Test func `a step that was recorded is not recorded again, and skipped ones are empty`() {
        var store = TimeSeriesStore(after: 0)
        store.record([sample(hello, ok: 1)], at: 2)
        store.record([sample(hello, ok: 9)], at: 2)
        store.record([sample(hello, ok: 9)], at: 1)
        store.record([sample(hello, ok: 4)], at: 4)
        #expect(store.window(of: hello, steps: 4).steps.map { $0?.responses.total } == [0, 1, 0, 4])
    }

    @Test func `the last hour of a function that is always active is kept, and no more`() {
        var store = TimeSeriesStore(after: 0)
        for number in 1...800 {
            store.record(
                [
                    sample(hello, ok: UInt32(number)) { activity in
                        activity.counts.failures = Stage.allCases.map { $0 == .queue ? 1 : 0 }
                    }
                ], at: number)
        }
        let window = store.window(of: hello, steps: 10_000)
        #expect(window.steps.map { $0?.responses.total } == (441...800).map { $0 })
        #expect(window.failures == [.queue: Array(repeating: 1, count: 360)])
        #expect(store.window(of: hello, steps: 2).failures == [.queue: [1, 1]])
    }

    @Test func `rates are those of the last two minutes, and their average that of the last one`() {
        var store = TimeSeriesStore(after: 0)
        for number in 1...20 { store.record([sample(hello, ok: UInt32(number))], at: number) }
        let traffic = store.traffic(of: hello)
        #expect(traffic.rates == (9...20).map { Double($0) / 10 })
        #expect(traffic.rate == Double((15...20).reduce(0, +)) / 60)
        #expect(store.rate(of: hello) == traffic.rate)
    }

    @Test func `the 95th percentile is that of the last five minutes`() throws {
        var store = TimeSeriesStore(after: 0)
        store.record(
            [sample(hello, ok: 1) { $0.counts.duration = durations(Array(repeating: 300, count: 1000)) }], at: 1)
        #expect(try #require(store.p95(of: hello)) > 0.38)
        for number in 2...31 {
            store.record([sample(hello, ok: 1) { $0.counts.duration = durations([50]) }], at: number)
        }
        #expect(try #require(store.p95(of: hello)) < 0.1)
        store.record([], at: 62)
        #expect(store.p95(of: hello) == nil)
        #expect(store.traffic(of: hello).p95 == nil)
    }

    @Test func `an idle function has no series, and one that was idle for an hour loses its series`() {
        var store = TimeSeriesStore(after: 0)
        store.record([sample(hello)], at: 1)
        #expect(store.count == 0)
        store.record([sample(hello, ok: 1), sample(id(1), desired: 1, ready: 1)], at: 2)
        #expect(store.count == 2)
        for number in 3...800 { store.record([sample(id(1), desired: 1, ready: 1)], at: number) }
        #expect(store.count == 1)
        #expect(store.window(of: id(1), steps: 360).steps.allSatisfy { $0?.gauges.ready == 1 })
        #expect(store.window(of: hello, steps: 360).steps.allSatisfy { $0?.responses.total == 0 })
    }

    @Test func `the function without invocations for the longest time makes space for another`() {
        var store = TimeSeriesStore(after: 0, functionsMax: 2)
        store.record([sample(id(1), ok: 1)], at: 1)
        store.record([sample(id(2), ok: 1)], at: 2)
        store.record([sample(id(1), ok: 1)], at: 3)
        store.record([sample(id(3), ok: 1)], at: 4)
        #expect(store.count == 2)
        #expect(store.window(of: id(1), steps: 4).steps.map { $0?.responses.total } == [1, 0, 1, 0])
        // The dropped series ended with step 2. Nothing was lost after it.
        #expect(store.window(of: id(2), steps: 4).steps.map { $0?.responses.total } == [nil, nil, 0, 0])
        #expect(store.window(of: id(3), steps: 4).steps.map { $0?.responses.total } == [nil, nil, 0, 1])
    }

    @Test func `functions with invocations have precedence over those that only have replicas`() {
        var store = TimeSeriesStore(after: 0, functionsMax: 2)
        store.record((1...5).map { sample(id($0), desired: 1, ready: 1) }, at: 1)
        #expect(store.count == 2)
        let quiet = (1...5).map { sample(id($0), desired: 1, ready: 1) }
        store.record(quiet, at: 2)
        // Those without a series do not displace those that have one.
        #expect(store.window(of: id(1), steps: 2).steps.map { $0?.gauges.ready } == [1, 1])
        #expect(store.window(of: id(5), steps: 2).steps == [nil, nil])
        store.record(quiet.dropLast(2) + [sample(id(4), ok: 1), sample(id(5), ok: 2)], at: 3)
        #expect(store.count == 2)
        #expect(store.rate(of: id(4)) == 0.1 && store.rate(of: id(5)) == 0.2)
        #expect(store.window(of: id(1), steps: 1).steps == [nil])
    }

    @Test func `more functions than fit are bounded within one step`() {
        var store = TimeSeriesStore(after: 0, functionsMax: 10)
        store.record((0..<1000).map { sample(id($0), ok: 1) }, at: 1)
        #expect(store.count == 10)
        store.record((0..<1000).reversed().map { sample(id($0), ok: 1) }, at: 2)
        #expect(store.count == 10)
        #expect(store.rate(of: id(0)) == 0.1)
    }

    @Test func `a removed function has no series`() {
        var store = TimeSeriesStore(after: 0)
        store.record([sample(hello, ok: 1, desired: 1, ready: 1)], at: 1)
        store.remove([hello])
        store.record([], at: 2)
        #expect(store.count == 0)
        #expect(store.rate(of: hello) == 0)
    }
}
