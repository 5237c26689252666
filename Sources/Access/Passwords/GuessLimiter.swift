import F2SModel

/// Slows the guessing of passwords: it decides if a password may be checked. A value without a clock.
///
/// Wrong passwords count for the client's address and for the user. A client that was right before is counted by
/// itself, so that wrong passwords from other addresses never keep a user out.
struct GuessLimiter {
    /// A check that was allowed.
    struct Attempt: Sendable, Hashable {
        /// True if a password of this user was right at this address before.
        let isProven: Bool
        fileprivate let user: UInt64
        fileprivate let client: UInt64
        fileprivate let pair: UInt64
    }

    /// The rate of wrong passwords from one address, and of those for one user from all addresses at which none was
    /// right: twenty, then one in five seconds.
    static let rate = CallerRate(perSecond: 0.2, burst: 20)
    private static let provenMax = 4096

    private var clients = TokenBuckets(rate)
    private var users = TokenBuckets(rate)
    private var pairs = TokenBuckets(rate)
    private var proven = RecentTable<UInt64, Void>(capacity: provenMax)

    /// Counts a wrong password in advance, because several checks may be under way.
    /// - Parameter client: The key of the client's address; `nil` if it is unknown.
    /// - Returns: `nil` if there were too many.
    mutating func begin(_ user: String, from client: UInt64?, now: Duration) -> Attempt? {
        // Names of users are as long as clients choose, so hashes are kept. Each process seeds them anew.
        let user = UInt64(truncatingIfNeeded: user.hashValue)
        let client = client ?? 0
        var hasher = Hasher()
        hasher.combine(user)
        hasher.combine(client)
        let pair = UInt64(truncatingIfNeeded: hasher.finalize())
        let attempt = Attempt(isProven: proven.value(of: pair) != nil, user: user, client: client, pair: pair)
        let time = UInt64(max(now / .nanoseconds(1), 0))
        if attempt.isProven { return pairs.consumeToken(pair, now: time) == .taken ? attempt : nil }
        guard clients.consumeToken(client, now: time) == .taken else { return nil }
        guard users.consumeToken(user, now: time) == .taken else {
            clients.returnToken(client)
            return nil
        }
        return attempt
    }

    /// Records the end of a check.
    /// - Parameter isRight: `nil` if nothing was checked.
    mutating func end(_ attempt: Attempt, isRight: Bool?) {
        guard isRight != false else { return }
        if attempt.isProven {
            pairs.returnToken(attempt.pair)
        } else {
            clients.returnToken(attempt.client)
            users.returnToken(attempt.user)
        }
        if isRight == true { proven.set((), for: attempt.pair) }
    }
}
