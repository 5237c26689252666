import Synchronization

/// A reference to an object that its first user creates; it never changes afterwards.
///
/// The standard library's `AtomicLazyReference` looks a generic type up whenever it is read. That took 500 of the
/// 14,000 instructions of a small request (`make bench ARGS='--only instructions'`).
struct LazyReference<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    // Safe: the reference is retained when it is stored and released at the end only.
    private let stored = Atomic<Unmanaged<Object>?>(nil)

    deinit { stored.load(ordering: .acquiring)?.release() }

    /// Returns the object; `nil` if it was not created yet.
    func load() -> Object? { stored.load(ordering: .acquiring)?.takeUnretainedValue() }

    /// Stores an object.
    /// - Returns: The stored object, which is another one if another thread was faster.
    func storeIfNil(_ object: Object) -> Object {
        let own = Unmanaged.passRetained(object)
        let (isStored, other) = stored.compareExchange(
            expected: nil, desired: own, ordering: .acquiringAndReleasing)
        guard !isStored, let other else { return object }
        own.release()
        return other.takeUnretainedValue()
    }
}
