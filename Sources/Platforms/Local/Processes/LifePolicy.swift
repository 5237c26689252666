/// How long a replica may take, and how long to wait after one has failed.
struct LifePolicy: Sendable, Hashable {
    /// Time in which a replica must be ready.
    var startTimeout = Duration.seconds(30)
    /// When a replica that listens on other ports than its own is in trouble. It goes on until ``startTimeout``: it may
    /// open its own port later.
    var elsewhereTimeout = Duration.seconds(3)
    /// Time that the launcher gets to kill everything of a replica, before the replica counts as ended all the same.
    var cleanUpTimeout = Duration.seconds(5)
    /// A replica that was ready for so long counts as sound: what happened before is forgiven.
    var soundAfter = Duration.seconds(10)
    /// First wait after a failure; it doubles with each one in a row.
    var backoffFirst = Duration.seconds(1)
    /// Longest wait.
    var backoffMax = Duration.seconds(60)
    /// Starts in a row that may find their port taken by somebody else before that counts as a failure.
    var portRetriesMax = 3

    /// How long to wait after `failures` failures in a row, at least one.
    func backoff(after failures: Int) -> Duration {
        let doublings = min(max(failures, 1) - 1, 16)
        return min(backoffFirst * (1 << doublings), backoffMax)
    }
}
