import F2SMetrics
import F2SModel
import Glibc
import Testing

@testable import F2SOperator

@Suite struct PassCostTests {
    @Test func `a tick costs the same however many idle functions there are`() throws {
        let few = try Self.medianTick(functions: 10)
        let many = try Self.medianTick(functions: 10_000)
        print("a tick with 10,000 idle functions: \(many) µs, with 10: \(few) µs")
        // A thousand times as many; a look at each of them would take a hundred times as long at least.
        #expect(many / few < 20)
    }

    private static func medianTick(functions count: Int) throws -> Double {
        var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(120))
        var functions: [Function] = []
        for number in 0..<count {
            let function = Samples.function(try Samples.draft("f\(number)"), age: UInt64(number))
            functions.append(function)
        }
        state.take(FunctionSnapshot(functions: functions))
        _ = state.take(ReplicaSnapshot(), at: .zero)
        var times: [Duration] = []
        var second = 0
        while times.count < 21 {
            second += 1
            let start = Self.processorTime()
            _ = state.plan(LoadReport(), at: .seconds(second), wall: 0, isLeader: true)
            let calls = state.calls(LoadReport(), at: .seconds(second))
            // At first the platform must be told of every function; what is measured is the calm after it.
            if calls.isEmpty { times.append(Self.processorTime() - start) }
            for call in calls { _ = state.end(call, isSuccess: true, at: .seconds(second)) }
        }
        return times.sorted()[times.count / 2] / .microseconds(1)
    }

    /// What this thread has used: other suites and processes do not count.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
