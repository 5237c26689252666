import Synchronization

/// The newest value of a state, for any number of followers. A slow follower misses intermediate values, but never the
/// last one. That is right for complete states and wrong for messages.
public final class Latest<Value: Sendable>: Sendable {
    /// The stream of values for one follower.
    public typealias Values = AsyncStream<Value>

    private struct State {
        var value: Value
        var followers: [UInt64: AsyncStream<Value>.Continuation] = [:]
        var nextFollower: UInt64 = 0
    }

    private let state: Mutex<State>
    /// The lock that keeps deliveries in order. The state's lock would deadlock: cancelling a follower's task holds
    /// that task's lock and needs the state, and a delivery needs that task's lock.
    private let delivery = Mutex(())

    /// Creates an instance with a first value, so that a follower never waits for one.
    public init(_ value: Value) { state = Mutex(State(value: value)) }

    /// The newest value.
    public var current: Value { state.withLock { $0.value } }

    /// Replaces the value and delivers it to every follower.
    public func publish(_ value: Value) { update { $0 = value } }

    /// Changes the value under the lock, which keeps concurrent changes in order, and delivers it to every follower. It
    /// must not be called from a cancellation handler of a task that follows it.
    public func update<Result>(_ change: (inout Value) throws -> sending Result) rethrows -> sending Result {
        try delivery.withLock { _ in
            let (result, value, followers) = try state.withLock { state in
                let result = try change(&state.value)
                return (result, state.value, Array(state.followers.values))
            }
            for follower in followers { follower.yield(value) }
            return result
        }
    }

    /// Returns a stream of the current value at once, then of the newest value after each change.
    public func values() -> Values {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingNewest(1))
        let end = follow(continuation)
        continuation.onTermination = { _ in end() }
        return stream
    }

    /// Yields the current value at once, and each newer value.
    /// - Returns: an action that ends the delivery.
    func follow(_ continuation: Values.Continuation) -> @Sendable () -> Void {
        let key = delivery.withLock { _ in
            let (key, value) = state.withLock { state in
                let key = state.nextFollower
                state.nextFollower += 1
                state.followers[key] = continuation
                return (key, state.value)
            }
            continuation.yield(value)
            return key
        }
        return { [weak self] in
            self?.state.withLock { _ = $0.followers.removeValue(forKey: key) }
        }
    }
}
