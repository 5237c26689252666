/// Decides if a dead serving process is restarted. A value without I/O or clock; the caller passes the time.
///
/// After repeated deaths, the parent ends too. The kubelet or systemd then restarts it with a backoff.
struct ServeRestartPolicy: Sendable {
    /// The number of deaths within ``window`` after which the parent ends.
    static let deathsMax = 5
    /// The time for which a death counts.
    static let window = Duration.seconds(60)

    /// The decision after the end of a process.
    enum Decision: Sendable, Hashable {
        /// Start another process.
        case restart
        /// End the parent with this exit status.
        case end(Int32)
    }

    /// The way in which a process has ended.
    enum Ending: Sendable, Hashable {
        /// By an exit: the process has finished, or it has reported an error.
        case exited(Int32)
        /// By a signal: the process crashed or was killed.
        case signalled(Int32)
    }

    private var deaths: [Duration] = []
    private var isEnding = false

    /// Notes that the parent has to end. From now on, no process is restarted.
    mutating func beginEnding() { isEnding = true }

    /// Notes the end of the serving process and returns the decision.
    mutating func ended(_ ending: Ending, at now: Duration) -> Decision {
        guard case .signalled(let signal) = ending else {
            if case .exited(let status) = ending { return .end(status) }
            return .end(0)
        }
        deaths = deaths.filter { now - $0 < Self.window } + [now]
        return isEnding || deaths.count >= Self.deathsMax ? .end(128 + signal) : .restart
    }
}
