import F2SMetrics
import F2SModel
import ServiceLifecycle
import Synchronization

/// Samples the functions that are active, every 10 s, and keeps their time series of the last hour in this process.
///
/// It reads what the dispatcher has counted anyway. Functions without replicas and invocations are not looked at. The
/// invocations that other F2S processes served are not included.
final class TimeSeriesSampler: Service {
    /// The time series, and the time of their last step.
    struct Reading: Sendable {
        var store: TimeSeriesStore
        /// The end of the last step, in seconds since 1970.
        var end: Double
    }

    private struct State {
        var reading: Reading
        /// The declarations at the last step; `nil` before the first one.
        var functions: FunctionSnapshot?
    }

    /// Raised after each step.
    let samples = Signal()
    private let source: any FunctionActivitySource
    private let functions: @Sendable () -> FunctionSnapshot
    private let replicas: @Sendable () -> ReplicaSnapshot
    private let clock: any ControlClock
    private let state: Mutex<State>

    /// Creates a sampler. The time series begin now.
    /// - Parameters:
    ///   - source: Counts the invocations. The sampler must be its only reader.
    ///   - functions: Returns the declarations.
    ///   - replicas: Returns the replicas.
    init(
        source: any FunctionActivitySource, functions: @escaping @Sendable () -> FunctionSnapshot,
        replicas: @escaping @Sendable () -> ReplicaSnapshot, clock: any ControlClock
    ) {
        self.source = source
        self.functions = functions
        self.replicas = replicas
        self.clock = clock
        let store = TimeSeriesStore(after: Self.step(at: clock.now()))
        state = Mutex(State(reading: Reading(store: store, end: clock.secondsSince1970())))
    }

    /// The newest time series.
    var current: Reading { state.withLock { $0.reading } }

    /// Samples until shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let now = self.clock.now()
                let next = TimeSeriesStore.step * (Self.step(at: now) + 1)
                do { try await self.clock.sleep(for: next - now) } catch { return }
                self.sample(at: self.clock.now(), secondsSince1970: self.clock.secondsSince1970())
            }
        }
    }

    /// Records a step. Does nothing if the step is already recorded.
    func sample(at now: Duration, secondsSince1970 end: Double) {
        let number = Self.step(at: now)
        guard number > current.store.current else { return }
        let (functions, replicas) = (functions(), replicas())
        let samples = Self.samples(source.collectActivity(), functions, replicas)
        state.withLock { state in
            let removed = state.functions.map { functions.changes(since: $0).removed } ?? []
            state.functions = functions
            state.reading.store.remove(removed.lazy.map(\.id))
            state.reading.store.record(samples, at: number)
            state.reading.end = end
        }
        self.samples.raise()
    }

    /// Returns the samples of the functions that had invocations or have replicas or start failures.
    static func samples(
        _ activities: [FunctionActivity], _ functions: FunctionSnapshot, _ replicas: ReplicaSnapshot
    ) -> [FunctionSample] {
        let counted = Set(activities.map(\.function))
        let quiet = replicas.functions.subtracting(counted).map { FunctionActivity(function: $0) }
        return (activities + quiet).compactMap { activity in
            guard let function = functions.function(of: activity.function) else { return nil }
            let ready = FunctionHealth(of: function, replicas[function.id], routeHolder: nil).ready
            return FunctionSample(
                activity, slots: function.target.slots(ready: ready), desired: function.status.desiredReplicas,
                ready: ready)
        }
    }

    private static func step(at now: Duration) -> Int { Int(now / TimeSeriesStore.step) }
}
