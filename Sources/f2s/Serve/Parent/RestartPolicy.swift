/// Decides whether a serving process that has died is started again. A value without I/O; it is told the time.
///
/// A process that dies again and again ends the parent; the kubelet or systemd then starts it with a back-off.
struct RestartPolicy: Sendable {
    /// Deaths within ``window`` of which the last one ends the parent too.
    static let deathsMax = 5
    /// Time for which a death counts.
    static let window = Duration.seconds(60)

    /// The decision about a process that has ended.
    enum Decision: Sendable, Hashable {
        /// Start another one.
        case restart
        /// End with that exit status.
        case end(Int32)
    }

    /// How a process has ended.
    enum Ending: Sendable, Hashable {
        /// By itself: it has done what it was asked to, or has said what is wrong.
        case exited(Int32)
        /// By a signal: it crashed, or something killed it.
        case signalled(Int32)
    }

    private var deaths: [Duration] = []
    private var isEnding = false

    /// The parent was asked to end, and the process that serves with it: what dies from now on stays dead.
    mutating func beginEnding() { isEnding = true }

    /// The process that serves has ended.
    mutating func ended(_ ending: Ending, at now: Duration) -> Decision {
        guard case .signalled(let signal) = ending else {
            if case .exited(let status) = ending { return .end(status) }
            return .end(0)
        }
        deaths = deaths.filter { now - $0 < Self.window } + [now]
        return isEnding || deaths.count >= Self.deathsMax ? .end(128 + signal) : .restart
    }
}
