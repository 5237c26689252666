/// The end of a command.
enum CommandEnding: Sendable, Hashable {
    /// The command exited or a signal ended it. `status` is 128 + signal in the latter case.
    case exited(status: Int, errorLines: [String])
    /// The command could not be started.
    case notStarted(reason: String)
    /// The command's output could not be read or could not be passed on.
    case lost(reason: String)
}

/// The response to the client, decided from the end of the command.
enum WrapAnswer: Sendable, Hashable {
    /// The whole output of the command.
    case output
    /// A problem document instead of the output.
    case problem(WrapProblem)
    /// The end of the connection without the rest of the response. The client must not accept a part as the whole.
    case close

    /// Decides on the response.
    /// - Parameters:
    ///   - reason: The reason for the cancellation of the invocation; `nil` if it was not cancelled.
    ///   - isCommitted: True if the status 200 has been sent already.
    init(to ending: CommandEnding, reason: CancellationToken.Reason?, isCommitted: Bool, timeout: Duration) {
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
