/// How a command has ended.
enum CommandEnding: Sendable, Hashable {
    /// By itself or by a signal; `status` is 128 + signal in the latter case.
    case exited(status: Int, errorLines: [String])
    /// It was never there.
    case notStarted(reason: String)
    /// Its output could not be read or not be passed on.
    case lost(reason: String)
}

/// What the client gets, decided from how the command has ended.
enum WrapAnswer: Sendable, Hashable {
    /// What the command has written, whole.
    case output
    /// A problem document instead of it.
    case problem(WrapProblem)
    /// Nothing more: the connection is closed, so that nobody takes a part for the whole.
    case close

    /// Decides.
    /// - Parameters:
    ///   - reason: why somebody has given up, if so.
    ///   - isCommitted: whether the status 200 has been sent already.
    init(to ending: CommandEnding, reason: Abandonment.Reason?, isCommitted: Bool, timeout: Duration) {
        if case .exited(status: 0, _) = ending {
            self = .output
        } else if isCommitted || reason == .clientGone {
            self = .close
        } else if reason == .timedOut {
            self = .problem(.timedOut(after: timeout))
        } else {
            self = .problem(.failed(ending))
        }
    }
}
