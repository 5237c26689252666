import F2SModel

/// The results of recent verifications, by the digest of the credentials. It is bounded. Not thread-safe.
struct CredentialCache {
    private struct Entry {
        let recognition: Recognition
        /// The provider of the token; `nil` for other credentials.
        let issuer: String?
        /// The time at which the entry ends, by the clock of the callers.
        let end: Duration
    }

    private var entries: RecentTable<KeyedDigest.Value, Entry>

    /// Creates a cache.
    /// - Parameter capacity: The number of results of one generation.
    init(capacity: Int) { entries = RecentTable(capacity: capacity) }

    /// Returns a result, and ``Recognition/unknown`` if there is none or it has ended.
    mutating func result(of credentials: KeyedDigest.Value, now: Duration) -> Recognition {
        guard let entry = entries.value(of: credentials), entry.end > now else { return .unknown }
        return entry.recognition
    }

    /// Returns the provider of the token of a result; `nil` if there is no result, or for other credentials.
    mutating func issuer(of credentials: KeyedDigest.Value) -> String? { entries.value(of: credentials)?.issuer }

    /// Remembers a result until a time.
    /// - Parameter issuer: The provider of the token; `nil` for other credentials.
    mutating func remember(
        _ recognition: Recognition, of credentials: KeyedDigest.Value, by issuer: String? = nil, until end: Duration
    ) {
        entries.set(Entry(recognition: recognition, issuer: issuer, end: end), for: credentials)
    }

    /// Forgets the result of credentials.
    mutating func forget(_ credentials: KeyedDigest.Value) { entries.remove(credentials) }

    /// Forgets every result for tokens of a provider.
    mutating func forget(issuer: String) { entries.removeAll { $0.issuer == issuer } }

    /// Forgets every result, because the settings have changed.
    mutating func removeAll() { entries.removeAll() }
}
