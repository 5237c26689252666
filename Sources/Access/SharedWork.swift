import Synchronization

/// Computes a value once for all callers that ask for it at the same time.
final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let waiting = Mutex<[Key: [CheckedContinuation<Value?, Never>]]>([:])

    init() {}

    /// Computes the value, or waits for the caller that does.
    /// - Returns: The value; `nil` if that caller has just ended, so that its result must be looked up.
    func value(for key: Key, _ compute: () async -> Value) async -> Value? {
        let isFirst = waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
        if isFirst {
            let value = await compute()
            let others = waiting.withLock { $0.removeValue(forKey: key) ?? [] }
            for other in others { other.resume(returning: value) }
            return value
        }
        return await withCheckedContinuation { continuation in
            let isOver = waiting.withLock { waiting in
                guard waiting[key] != nil else { return true }
                waiting[key]?.append(continuation)
                return false
            }
            if isOver { continuation.resume(returning: nil) }
        }
    }
}
