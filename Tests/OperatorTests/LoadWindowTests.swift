import F2SModel
import Testing

@testable import F2SOperator

@Suite struct LoadWindowTests {
    private func load(_ area: Double, admitted: UInt64 = 0, inFlight: Int = 0) -> LoadReport.FunctionLoad {
        LoadReport.FunctionLoad(inFlight: inFlight, admitted: admitted, concurrencySeconds: area)
    }

    @Test func `a window without reports is empty`() {
        let window = LoadWindow()
        #expect(window.average(over: .seconds(60)) == 0)
        #expect(window.length == .zero)
    }

    @Test func `a steady load has its own average over every window`() {
        var window = LoadWindow()
        for second in 0...200 {
            _ = window.observe(load(Double(second) * 2.5), at: .seconds(second), keeping: .seconds(60))
        }
        for length in [1, 6, 60] { #expect(abs(window.average(over: .seconds(length)) - 2.5) < 1e-9) }
        #expect(window.length >= .seconds(60))
        #expect(window.length < .seconds(63))
    }

    @Test func `a burst counts as long as it lasted, more in the short window than in the long one`() {
        var window = LoadWindow()
        for second in 0...60 { _ = window.observe(load(0), at: .seconds(second), keeping: .seconds(60)) }
        _ = window.observe(load(12), at: .seconds(61), keeping: .seconds(60))
        #expect(abs(window.average(over: .seconds(6)) - 2) < 1e-9)
        #expect(abs(window.average(over: .seconds(60)) - 0.2) < 1e-9)
    }

    @Test func `reports may arrive at any time, and often`() {
        var window = LoadWindow()
        var now = Duration.zero
        var seconds = 0.0
        for step in 0..<5000 {
            let pause = Duration.milliseconds(1 + step % 37)
            now += pause
            seconds += pause.inSeconds
            _ = window.observe(load(seconds * 3), at: now, keeping: .seconds(6))
        }
        #expect(abs(window.average(over: .seconds(6)) - 3) < 1e-6)
        #expect(abs(window.average(over: .milliseconds(600)) * 1 - 1.8) < 1e-6)
    }

    @Test func `the first moments are not taken for a trend`() {
        var window = LoadWindow()
        _ = window.observe(load(0), at: .seconds(5), keeping: .seconds(60))
        _ = window.observe(load(1), at: .milliseconds(5010), keeping: .seconds(60))
        #expect(window.average(over: .seconds(60)) == 1)
    }

    @Test func `a report shows whether there was activity since the previous one`() {
        var window = LoadWindow()
        func observe(_ load: LoadReport.FunctionLoad, _ second: Int) -> Bool {
            window.observe(load, at: .seconds(second), keeping: .seconds(60))
        }
        #expect(!observe(load(7, admitted: 3), 1))
        #expect(!observe(load(7, admitted: 3), 2))
        #expect(observe(load(7.001, admitted: 3), 3))
        #expect(observe(load(7.001, admitted: 4), 4))
        #expect(observe(load(7.001, admitted: 4, inFlight: 1), 5))
        #expect(!observe(load(7.001, admitted: 4), 6))
    }

    @Test func `a dispatcher that resets its counters is trusted from then on`() {
        var window = LoadWindow()
        _ = window.observe(load(100, admitted: 5), at: .seconds(1), keeping: .seconds(60))
        _ = window.observe(load(900, admitted: 9), at: .seconds(2), keeping: .seconds(60))
        _ = window.observe(load(0), at: .seconds(3), keeping: .seconds(60))
        #expect(window.average(over: .seconds(60)) == 0)
        _ = window.observe(load(4), at: .seconds(5), keeping: .seconds(60))
        #expect(window.average(over: .seconds(60)) == 2)
    }

    @Test func `the window of an hour is exact up to its coarser points`() {
        var window = LoadWindow()
        for second in 0...7200 {
            let area = second < 3600 ? 0 : Double(second - 3600) * 4
            _ = window.observe(load(area), at: .seconds(second), keeping: .seconds(3600))
        }
        #expect(abs(window.average(over: .seconds(3600)) - 4) < 0.1)
        #expect(abs(window.average(over: .seconds(360)) - 4) < 1e-9)
    }
}
