import F2SMetrics
import F2SModel
import Testing

@testable import F2SOperator

@Suite struct ScaleHistoryTests {
    private func change(
        _ from: Int, _ to: Int, at time: Double, reason: String = "Load", message: String = "more is needed."
    ) -> ScaleChange {
        ScaleChange(time: time, from: from, to: to, reason: reason, message: message)
    }

    @Test func `the last decisions are kept, oldest first`() {
        var history = ScaleHistory()
        let all = (0..<2 * ScaleHistory.changesMax).map { change($0, $0 + 1, at: Double($0)) }
        for change in all { history.record(change) }
        #expect(history.changes == all.suffix(ScaleHistory.changesMax))
    }

    @Test func `a decision that repeats the last one replaces it`() {
        var history = ScaleHistory()
        history.record(change(0, 1, at: 1))
        history.record(change(0, 1, at: 2, message: "even more is needed."))
        #expect(history.changes == [change(0, 1, at: 2, message: "even more is needed.")])
        let others = [change(0, 1, at: 3, reason: "Queue"), change(1, 0, at: 4), change(0, 1, at: 5)]
        for change in others { history.record(change) }
        #expect(history.changes.dropFirst() == others[...])
    }

    @Test func `an empty history takes 8 bytes, and equal messages share their storage`() throws {
        #expect(MemoryLayout<ScaleHistory>.size == 8)
        var history = ScaleHistory()
        for number in 0..<4 {
            let message = "invocation \(number % 2) waits, and no replica accepts any."
            history.record(change(number % 2, 1 - number % 2, at: 0, message: message))
        }
        let addresses = history.changes.map { change in
            change.message.utf8.withContiguousStorageIfAvailable { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(addresses.count == 4 && !addresses.contains(nil))
        #expect(addresses[0] == addresses[2] && addresses[1] == addresses[3] && addresses[0] != addresses[1])
    }

    @Test func `the operator remembers decisions that change the number, and no others`() throws {
        var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(120))
        let id = Function.ID("hello")
        state.apply(FunctionSnapshot(functions: [Samples.function(try Samples.draft())]))
        state.apply(ReplicaSnapshot(), at: .zero)
        func pass(_ load: LoadReport, at second: Int, isLeader: Bool = true) -> [Event] {
            state.plan(load, at: .seconds(second), wall: Double(second), isLeader: isLeader).events
        }
        let waiting = LoadReport(functions: [id: LoadReport.FunctionLoad(queued: 1, wantsActivation: true)])
        _ = pass(LoadReport(), at: 1)
        #expect(state.explanations(of: id)[id]?.changes == [])
        let events = pass(waiting, at: 2).filter { $0.reason == "Scaled" }
        _ = pass(waiting, at: 3)
        let message = "1 invocation waits and no replica accepts any."
        #expect(events.map(\.message) == ["From 0 to 1 replica: \(message)"])
        #expect(
            state.explanations(of: id)[id]?.changes
                == [change(0, 1, at: 2, reason: "Activation", message: message)])
        // The changes of all functions would be too much for one answer.
        #expect(state.explanations()[id]?.changes == nil && state.explanations()[id] != nil)

        // Another process leads for a second.
        _ = pass(waiting, at: 4, isLeader: false)
        #expect(state.explanations(of: id).isEmpty)
        _ = pass(waiting, at: 5)
        #expect(
            state.explanations(of: id)[id]?.changes
                == [change(0, 1, at: 5, reason: "Activation", message: message)])
    }
}
