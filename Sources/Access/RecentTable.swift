/// A bounded table that keeps the entries that were used recently.
///
/// It consists of two generations. When the younger one is full, the older one is forgotten. An entry that is used in
/// every generation stays. Not thread-safe.
struct RecentTable<Key: Hashable, Value> {
    private let capacity: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    /// Creates a table.
    /// - Parameter capacity: The number of entries of one generation.
    init(capacity: Int) {
        self.capacity = capacity
        young.reserveCapacity(capacity)
    }

    /// Returns the value of a key, and counts that as its use; `nil` if there is none.
    mutating func value(of key: Key) -> Value? {
        if let value = young[key] { return value }
        guard let value = old[key] else { return nil }
        set(value, for: key)
        return value
    }

    /// Sets the value of a key.
    mutating func set(_ value: Value, for key: Key) {
        if young.count >= capacity {
            old = young
            young = [:]
            young.reserveCapacity(capacity)
        }
        young[key] = value
    }

    /// Removes a key.
    mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }

    /// Removes the entries whose values meet a condition.
    mutating func removeAll(where isUnwanted: (Value) -> Bool) {
        young = young.filter { !isUnwanted($0.value) }
        old = old.filter { !isUnwanted($0.value) }
    }

    /// Removes every entry.
    mutating func removeAll() {
        young.removeAll(keepingCapacity: true)
        old = [:]
    }
}
