import F2SModel

/// Decides which keys of a provider may verify a token, and when the keys are fetched. It does no I/O.
struct ProviderKeys {
    /// The keys that may verify a token.
    enum Choice: Hashable {
        /// These keys, of which one must accept the signature.
        case candidates([VerificationKey])
        /// The keys must be fetched first.
        case fetch
        /// The provider does not have the key.
        case unknownKey
        /// The provider did not answer lately.
        case unavailable
    }

    /// The keys are fetched again after this time.
    static let refreshInterval = Duration.seconds(300)
    /// The keys of a provider that does not answer are used for this time.
    static let validity = Duration.seconds(600)
    /// The shortest time between two fetches, so that tokens with invented keys do not burden the provider.
    static let attemptInterval = Duration.seconds(10)
    /// The shortest times between fetches after a failure, which may last for a moment only, for example while the
    /// provider starts.
    private static let retryPauses = Backoff(base: .seconds(1), maximum: attemptInterval)

    private struct Fetched {
        let keys: [VerificationKey]
        let time: Duration
    }

    private var fetched: Fetched?
    /// The time at which the last attempt began; `nil` before the first one.
    private var attempt: Duration?
    private var isFetching = false
    /// The number of attempts since the last success.
    private var failures = 0

    /// Returns the keys for a token.
    /// - Parameters:
    ///   - id: The key that the token names; `nil` if it names none.
    ///   - now: The time of the control clock.
    func choice(of id: String?, _ algorithm: VerificationKey.Algorithm, now: Duration) -> Choice {
        let mayFetch = mayFetch(now: now)
        guard let fetched, now < fetched.time + Self.validity else { return mayFetch ? .fetch : .unavailable }
        let usable = fetched.keys.filter { $0.algorithm == algorithm }
        // A key without a name may be the one that the token names.
        let candidates = usable.filter { id == nil || $0.id == nil || $0.id == id }
        guard candidates.isEmpty else { return .candidates(candidates) }
        if mayFetch { return .fetch }
        // The last attempt has failed, so the provider may have the key.
        return fetched.time < (attempt ?? .zero) ? .unavailable : .unknownKey
    }

    /// Returns true if a token may cause a fetch, or may wait for the one that runs.
    func mayFetch(now: Duration) -> Bool { isFetching || attempt.map { now >= $0 + pause } ?? true }

    private var pause: Duration { failures == 0 ? Self.attemptInterval : Self.retryPauses.pause(after: failures) }

    /// Returns true if the keys are to be fetched without a token that needs them.
    func isDue(now: Duration) -> Bool {
        if isFetching { return false }
        guard let attempt else { return true }
        let isCurrent = fetched.map { $0.time >= attempt } ?? false
        return now >= attempt + (isCurrent ? Self.refreshInterval : pause)
    }

    /// Records that a fetch begins.
    /// - Returns: False if there was another one shortly before, whose result is to be used.
    mutating func begin(now: Duration) -> Bool {
        guard !isFetching, mayFetch(now: now) else { return false }
        attempt = now
        isFetching = true
        return true
    }

    /// Records the keys of the provider.
    /// - Returns: True if a key has been removed, so that its tokens are not valid any more.
    mutating func succeed(_ keys: [VerificationKey], now: Duration) -> Bool {
        isFetching = false
        failures = 0
        let removed = fetched.map { !Set($0.keys).isSubset(of: keys) } ?? false
        fetched = Fetched(keys: keys, time: now)
        return removed
    }

    /// Records that a fetch has failed.
    mutating func fail() {
        isFetching = false
        failures += 1
    }
}
