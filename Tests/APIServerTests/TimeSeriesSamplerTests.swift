import F2SMetrics
import F2SModel
import Synchronization
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite struct TimeSeriesSamplerTests {
    private func function(
        _ name: String, desired: Int = 0, _ change: (inout Target) -> Void = { _ in }
    ) throws -> Function {
        Function(
            id: Function.ID(name), draft: try FunctionDraft.sample(name).with { change(&$0.target) }, generation: 1,
            storeRevision: StoreRevision("1"), age: 1, origin: Function.Origin(location: "test", isWritable: true),
            status: FunctionStatus(desiredReplicas: desired))
    }

    private func replicas(_ function: String, _ count: Int) -> [Replica] {
        (0..<count).map { number in
            Replica(
                id: Replica.ID("\(function)-\(number)"), function: Function.ID(function),
                revision: Revision(text: "r"), state: .ready, since: 0)
        }
    }

    private func activity(_ name: String, ok: UInt32 = 0) -> FunctionActivity {
        var activity = FunctionActivity(function: Function.ID(name))
        activity.counts.responses[.successful] = ok
        return activity
    }

    @Test func `only functions with invocations, replicas or failures are sampled`() throws {
        let functions = FunctionSnapshot(
            functions: try ["idle", "called", "running", "failing"].map { try function($0, desired: 1) })
        let failure = StartFailure(
            stage: .start, reason: "Exited", message: "No.", revision: Revision(text: "r"), attempts: 1, nextAttempt: 9,
            retryAfterSeconds: 1)
        let snapshot = ReplicaSnapshot(
            replicas: replicas("running", 2) + replicas("undeclared", 1),
            startFailures: [Function.ID("failing"): failure])
        let samples = TimeSeriesSampler.samples([activity("called", ok: 3), activity("deleted")], functions, snapshot)
        let byName = Dictionary(uniqueKeysWithValues: samples.map { ($0.activity.function.text, $0) })
        #expect(Set(byName.keys) == ["called", "running", "failing"])
        #expect(byName["called"]?.activity.counts.ended == 3)
        #expect(byName["running"]?.gauges == FunctionGauges(desired: 1, ready: 2))
        #expect(byName["failing"]?.gauges == FunctionGauges(desired: 1))
    }

    @Test(arguments: [(nil, nil, nil), (3, nil, 6), (nil, 5, 5), (3, 5, 5), (2, 5, 4)] as [(Int?, Int?, UInt32?)])
    func `the slots are those of the ready replicas, up to the function's limit`(
        concurrency: Int?, inFlight: Int?, expected: UInt32?
    ) throws {
        let function = try function("f") { target in
            target.concurrency = concurrency
            target.limits.inFlight = inFlight
        }
        let samples = TimeSeriesSampler.samples(
            [], FunctionSnapshot(functions: [function]), ReplicaSnapshot(replicas: replicas("f", 2)))
        #expect(samples.map(\.gauges.slots) == [expected])
    }

    @Test func `a step is sampled once, and a deleted function loses its series`() throws {
        let (clock, source) = (ManualClock(), StubActivity())
        let declared = Latest(FunctionSnapshot(functions: [try function("a"), try function("b")]))
        let sampler = TimeSeriesSampler(
            source: source, functions: { declared.current }, replicas: { ReplicaSnapshot() }, clock: clock)
        source.next.withLock { $0 = [activity("a", ok: 1), activity("b", ok: 2)] }
        sampler.sample(at: .seconds(9), secondsSince1970: 9)
        #expect(sampler.current.store.count == 0)
        sampler.sample(at: .seconds(10), secondsSince1970: 10)
        sampler.sample(at: .seconds(19), secondsSince1970: 19)
        #expect(sampler.current.store.count == 2)
        #expect(sampler.current.end == 10)
        declared.update { $0.update([], removing: [Function.ID("b")], rejections: []) }
        sampler.sample(at: .seconds(20), secondsSince1970: 20)
        #expect(sampler.current.store.count == 1)
        #expect(sampler.current.store.rate(of: Function.ID("a")) == 0.05)
        #expect(sampler.current.end == 20)
    }

    @Test(.timeLimit(.minutes(1))) func `the sampler samples at the end of each step`() async throws {
        let (clock, source) = (ManualClock(), StubActivity())
        let declared = FunctionSnapshot(functions: [try function("a")])
        let sampler = TimeSeriesSampler(
            source: source, functions: { declared }, replicas: { ReplicaSnapshot() }, clock: clock)
        source.next.withLock { $0 = [activity("a", ok: 5)] }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await sampler.run() }
            for await _ in sampler.samples.arrivals() {
                if sampler.current.store.current > 0 { break }
                // The sampler may not sleep yet, so the clock advances until it has sampled.
                try await eventually("a step is sampled") {
                    clock.advance(by: .seconds(1))
                    return sampler.current.store.current > 0
                }
            }
            tasks.cancelAll()
        }
        #expect(sampler.current.store.traffic(of: Function.ID("a")).rates.contains(0.5))
    }
}
