import F2SMetrics
import F2SModel
import F2SSystem
import Glibc
import Testing

@testable import F2SOperator

@Suite struct PassCostTests {
    @Test func `a tick costs the same however many idle functions there are`() throws {
        let few = try Self.medianTick(functions: 10)
        let many = try Self.medianTick(functions: 10_000)
        print("a tick with 10,000 idle functions: \(many) µs, with 10: \(few) µs")
        // There are a thousand times as many. Examining each of them would take at least a hundred times as long.
        #expect(many / few < 20)
    }

    @Test func `an event of one replica costs the same however many run`() throws {
        let few = try Self.medianEvent(replicas: 10)
        let many = try Self.medianEvent(replicas: 500)
        print("an event of one replica beside 500 others: \(many) µs, beside 10: \(few) µs")
        // There are fifty times as many. Examining each of them would take that many times as long.
        #expect(many / few < 10)
    }

    /// Returns the microseconds from an event of one replica until the dispatcher's snapshot and the calls are
    /// computed.
    private static func medianEvent(replicas count: Int) throws -> Double {
        var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(120))
        let functions = try (0..<count).map { Samples.function(try Samples.draft("f\($0)", min: 1), age: UInt64($0)) }
        var replicas = ReplicaSnapshot(
            replicas: functions.map { function in
                Replica(
                    id: Replica.ID("\(function.id)-1"), function: function.id, revision: function.revision,
                    state: .ready, since: 0)
            })
        state.apply(FunctionSnapshot(functions: functions))
        state.apply(replicas, at: .zero)
        var times: [Duration] = []
        var second = 0
        while times.count < 21 {
            second += 1
            let now = Duration.seconds(second)
            _ = state.plan(LoadReport(), at: now, wall: 0, isLeader: true)
            // At first every function is sent to the platform, some at a time.
            var isCalm = true
            while case let calls = state.calls(LoadReport(), at: now), !calls.isEmpty {
                for call in calls { _ = state.end(call, isSuccess: true, at: now) }
                isCalm = false
            }
            guard isCalm else { continue }
            let id = functions[times.count % count].id
            replicas[id].replicas[0].processID = second
            let start = processorTime()
            state.apply(replicas, at: now)
            let reported = try #require(state.loadWanted(isTick: false, isLeader: true))
            let outcome = state.plan(
                LoadReport(), of: reported, isTick: false, at: now, wall: 0, isLeader: true)
            _ = state.calls(LoadReport(), at: now)
            times.append(processorTime() - start)
            #expect(outcome.published?[id].replicas.first?.processID == second && reported == [id])
        }
        return times.sorted()[times.count / 2] / .microseconds(1)
    }

    private static func medianTick(functions count: Int) throws -> Double {
        var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(120))
        var functions: [Function] = []
        for number in 0..<count {
            let function = Samples.function(try Samples.draft("f\(number)"), age: UInt64(number))
            functions.append(function)
        }
        state.apply(FunctionSnapshot(functions: functions))
        state.apply(ReplicaSnapshot(), at: .zero)
        var times: [Duration] = []
        var second = 0
        while times.count < 21 {
            second += 1
            let start = Self.processorTime()
            _ = state.plan(LoadReport(), at: .seconds(second), wall: 0, isLeader: true)
            let calls = state.calls(LoadReport(), at: .seconds(second))
            // At first every function is sent to the platform. The ticks after that are measured.
            if calls.isEmpty { times.append(Self.processorTime() - start) }
            for call in calls { _ = state.end(call, isSuccess: true, at: .seconds(second)) }
        }
        return times.sorted()[times.count / 2] / .microseconds(1)
    }

    /// Returns the processor time that this thread has used, so that other suites and processes do not count.
    private static func processorTime() -> Duration { SystemClock.threadProcessorTime() }
}
