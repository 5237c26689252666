import F2SModel

/// The time limits of starts and stops, and the backoff after failures.
struct RestartPolicy: Sendable, Hashable {
    /// The time within which a replica must be ready, unless its function declares another time.
    var startTimeout = Duration.seconds(30)
    /// The time after which a replica that listens on other ports than its own is reported as a start failure. It runs
    /// on until ``startTimeout``, because it may open its own port later.
    var elsewhereTimeout = Duration.seconds(3)
    /// The time within which the launcher must kill all processes of a replica. After it, the replica counts as ended.
    var cleanUpTimeout = Duration.seconds(5)
    /// The time for which a replica must be ready so that earlier failures no longer count.
    var soundAfter = Duration.seconds(10)
    /// The waits after failures in a row.
    var backoff = Backoff(base: .seconds(1), maximum: .seconds(60))
    /// The number of starts in a row that may find their port taken by another program without counting as failures.
    var portRetriesMax = 3
}
