public import F2SModel
import Synchronization

/// A runtime that pretends to run replicas: it keeps the books as a real one does, and a test decides what happens to
/// each replica.
public final class InMemoryReplicas: ReplicaRuntime {
    /// What the room under test has asked for.
    public enum Call: Sendable, Hashable {
        /// ``InMemoryReplicas/apply(_:count:retiring:)``.
        case apply(function: Function.ID, revision: Revision, count: Int, retiring: [Replica.ID])
        /// ``InMemoryReplicas/remove(_:)``.
        case remove(Function.ID)
    }

    private struct Wish {
        var revision: Revision
        var awaitsReadiness: Bool
        var count: Int
    }

    private struct State {
        var wishes: [Function.ID: Wish] = [:]
        var replicas: [Replica] = []
        var troubles: [Function.ID: StartTrouble] = [:]
        var lines: [Function.ID: [LogLine]] = [:]
        var followers: [Function.ID: [AsyncStream<LogLine>.Continuation]] = [:]
        var calls: [Call] = []
        var started = 0
        var failure: StoreError?
    }

    private let state = Mutex(State())
    private let latest = Latest(ReplicaSnapshot())
    private let startsReady: Bool
    private let address: Replica.Address

    /// A runtime in which nothing runs. `startsReady`: whether a new replica is ready at once.
    public init(
        startsReady: Bool = true, address: Replica.Address = Replica.Address(ip: "127.0.0.1", port: 9)
    ) {
        self.startsReady = startsReady
        self.address = address
    }

    /// What exists now.
    public var current: ReplicaSnapshot { latest.current }

    /// Every call in order, those that failed included.
    public var calls: [Call] { state.withLock { $0.calls } }

    /// Replicas that were ever started.
    public var started: Int { state.withLock { $0.started } }

    /// Makes every later call fail with `error`, until it is called with `nil`.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    /// Moves a replica to a state; `gone` takes it away and, as a real runtime does, a new one is started in its place.
    public func set(_ newState: Replica.State, of id: Replica.ID) {
        change { state in
            guard let index = state.replicas.firstIndex(where: { $0.id == id }) else { return }
            let function = state.replicas[index].function
            guard newState != .gone else {
                state.replicas.remove(at: index)
                fill(function, in: &state)
                return
            }
            state.replicas[index].state = newState
            if newState == .ready {
                state.replicas[index].address = address
                state.troubles[function] = nil
            }
        }
    }

    /// Gives a replica that is still starting its address, so that the dispatcher may dial it.
    public func setAddress(_ address: Replica.Address, of id: Replica.ID) {
        change { state in
            guard let index = state.replicas.firstIndex(where: { $0.id == id }) else { return }
            state.replicas[index].address = address
        }
    }

    /// Says why a function has no replica, or with `nil` that it has no trouble any more.
    public func setTrouble(_ trouble: StartTrouble?, of function: Function.ID) {
        change { $0.troubles[function] = trouble }
    }

    /// Adds a line to a function's log and hands it to those who follow it.
    public func write(_ line: LogLine, of function: Function.ID) {
        state.withLock { state in
            state.lines[function, default: []].append(line)
            for follower in state.followers[function] ?? [] { follower.yield(line) }
        }
    }

    /// Records the wish and starts or stops at once; see the protocol.
    public func apply(_ function: Function, count: Int, retiring: [Replica.ID]) async throws {
        let call = Call.apply(function: function.id, revision: function.revision, count: count, retiring: retiring)
        let wish = Wish(
            revision: function.revision, awaitsReadiness: function.target.readinessProbe != nil, count: count)
        try perform(call) { state in
            state.wishes[function.id] = wish
            state.replicas.removeAll { $0.function == function.id && retiring.contains($0.id) }
            fill(function.id, in: &state)
        }
    }

    /// Takes all replicas of a function away; see the protocol.
    public func remove(_ id: Function.ID) async throws {
        try perform(.remove(id)) { state in
            state.wishes[id] = nil
            state.troubles[id] = nil
            state.replicas.removeAll { $0.function == id }
        }
    }

    /// Runs `body` with every set of replicas; see the protocol.
    public func withReplicas<Result: Sendable>(
        _ body: @Sendable (Latest<ReplicaSnapshot>.Values) async throws -> Result
    ) async throws -> Result {
        try await body(latest.values())
    }

    /// The lines that ``write(_:of:)`` has added and, with `follow`, those that it will add.
    public func logs(of id: Function.ID, tail: Int, follow: Bool) -> AsyncStream<LogLine> {
        let (stream, continuation) = AsyncStream.makeStream(of: LogLine.self, bufferingPolicy: .bufferingNewest(1000))
        state.withLock { state in
            for line in (state.lines[id] ?? []).suffix(tail) { continuation.yield(line) }
            if follow { state.followers[id, default: []].append(continuation) } else { continuation.finish() }
        }
        return stream
    }

    /// Starts what is missing of the wished revision. What is too much stays, as on a real runtime: only the caller
    /// knows which replica has nothing in flight.
    private func fill(_ id: Function.ID, in state: inout State) {
        guard let wish = state.wishes[id] else { return }
        let existing = state.replicas.count { $0.function == id && $0.revision == wish.revision }
        for _ in 0..<max(0, wish.count - existing) {
            state.started += 1
            state.replicas.append(
                Replica(
                    id: Replica.ID("\(id)-\(state.started)"), function: id, revision: wish.revision,
                    state: startsReady ? .ready : .starting, address: startsReady ? address : nil,
                    awaitsReadiness: wish.awaitsReadiness, since: 0))
        }
    }

    private func perform(_ call: Call, _ body: (inout State) -> Void) throws(StoreError) {
        let failure = state.withLock { state in
            state.calls.append(call)
            return state.failure
        }
        if let failure { throw failure }
        change(body)
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            let snapshot = ReplicaSnapshot(replicas: state.replicas, troubles: state.troubles)
            if snapshot != latest.current { latest.update { $0.update(to: snapshot) } }
        }
    }
}
