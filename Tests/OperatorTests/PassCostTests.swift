import F2SMetrics
import F2SModel
import Glibc
import Testing

@testable import F2SOperator

@Suite struct PassCostTests {
    @Test func `the cost of a tick grows no faster than the number of idle functions`() throws {
        let few = try Self.medianTick(functions: 100)
        let many = try Self.medianTick(functions: 800)
        print("a tick with 800 idle functions: \(many) µs, with 100: \(few) µs")
        // Eight times as many; what is quadratic would take 64 times as long.
        #expect(many / few < 24)
    }

    private static func medianTick(functions count: Int) throws -> Double {
        var state = OperatorState(metrics: OperatorMetrics(MetricRegistry()), requestTimeout: .seconds(120))
        var functions: [Function] = []
        var load = LoadReport()
        for number in 0..<count {
            let function = Samples.function(try Samples.draft("f\(number)"), age: UInt64(number))
            functions.append(function)
            load.functions[function.id] = .init(admitted: 7, concurrencySeconds: 12)
        }
        state.take(FunctionSnapshot(functions: functions))
        state.take(ReplicaSnapshot(), at: .zero)
        var times: [Duration] = []
        var second = 0
        while times.count < 21 {
            second += 1
            let start = Self.processorTime()
            _ = state.plan(load, at: .seconds(second), wall: 0, isLeader: true)
            let calls = state.calls(load, at: .seconds(second))
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
