import F2SModel

/// The results of recent verifications, by the digest of the credentials.
///
/// It is bounded: it consists of two generations, and when the younger one is full, the older one is forgotten. A
/// result that is used in every generation stays. Not thread-safe.
struct CredentialCache {
    private struct Entry {
        let recognition: Recognition
        /// The time at which the entry ends, by the clock of the callers.
        let end: Duration
    }

    private typealias Generation = [KeyedDigest.Value: Entry]

    private let capacity: Int
    private var young: Generation = [:]
    private var old: Generation = [:]

    /// Creates a cache.
    /// - Parameter capacity: The number of results of one generation.
    init(capacity: Int) {
        self.capacity = capacity
        young.reserveCapacity(capacity)
    }

    /// Returns a result, and ``Recognition/unknown`` if there is none or it has ended.
    mutating func result(of credentials: KeyedDigest.Value, now: Duration) -> Recognition {
        if let entry = young[credentials] { return entry.end > now ? entry.recognition : .unknown }
        guard let entry = old[credentials], entry.end > now else { return .unknown }
        insert(entry, credentials)
        return entry.recognition
    }

    /// Remembers a result until a time.
    mutating func remember(_ recognition: Recognition, of credentials: KeyedDigest.Value, until end: Duration) {
        insert(Entry(recognition: recognition, end: end), credentials)
    }

    /// Forgets the result of credentials.
    mutating func forget(_ credentials: KeyedDigest.Value) {
        young[credentials] = nil
        old[credentials] = nil
    }

    /// Forgets every result, because the settings have changed.
    mutating func removeAll() {
        young.removeAll(keepingCapacity: true)
        old = [:]
    }

    private mutating func insert(_ entry: Entry, _ credentials: KeyedDigest.Value) {
        if young.count >= capacity {
            old = young
            young = [:]
            young.reserveCapacity(capacity)
        }
        young[credentials] = entry
    }
}
