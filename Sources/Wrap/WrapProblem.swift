import FoundationEssentials

/// A problem document (RFC 9457) of `f2s wrap`, with the members that F2S' own have.
struct WrapProblem: Sendable, Hashable, Encodable {
    /// HTTP status.
    var status: Int
    /// A few words, the same for every occurrence.
    var title: String
    /// What happened and what to do.
    var detail: String
    /// Where the invocation failed: always within the function.
    var stage = "function"
    /// Exit status of the command, 128 + signal when a signal ended it.
    var exitStatus: Int?
    /// The last lines that the command wrote to its standard error, oldest first.
    var logTail: [String]?

    /// Media type of a problem document.
    static let mediaType = "application/problem+json"

    /// The document.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers always encode; a document without details is better than none all the same.
        let document = (try? encoder.encode(self)).map(Array.init) ?? Array("{\"status\":\(status)}".utf8)
        return document + [UInt8(ascii: "\n")]
    }

    /// The path cannot stand in an environment variable.
    static let malformedPath = WrapProblem(
        status: 400, title: "The path is malformed",
        detail: "It holds a broken escape, an escaped NUL, or bytes that are not UTF-8. Escape it as RFC 3986 says.")

    /// The decoder does not read a body after a head that asks for another protocol.
    static let upgradeWithBody = WrapProblem(
        status: 400, title: "An upgrade cannot have a body",
        detail: "f2s wrap speaks no other protocol than HTTP/1.1. Send the request without the field Upgrade.")

    /// Time was over before the command.
    static func timedOut(after timeout: Duration) -> WrapProblem {
        let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
        return WrapProblem(
            status: 504, title: "The command did not end in time",
            detail:
                "It had not ended after \(seconds.formattedSeconds) s, waiting for its turn included, and was killed. "
                + "Make it faster, or raise --timeout or --concurrency.")
    }

    /// The command has failed.
    static func failed(_ ending: CommandEnding) -> WrapProblem {
        switch ending {
        case .exited(let status, let lines):
            WrapProblem(
                status: 500, title: "The command failed",
                detail: status > 128
                    ? "Signal \(status - 128) ended it. logTail has the last lines of its standard error."
                    : "It exited with status \(status). logTail has the last lines of its standard error.",
                exitStatus: status, logTail: lines.isEmpty ? nil : lines)
        case .notStarted(let reason):
            WrapProblem(
                status: 500, title: "The command could not be started",
                detail: "\(reason). Check the command after `f2s wrap --`.")
        case .lost(let reason):
            WrapProblem(
                status: 500, title: "The command's output was lost",
                detail: "\(reason). Retry; if it stays, restart f2s wrap.")
        }
    }
}

extension Double {
    /// Without a fraction that is zero.
    fileprivate var formattedSeconds: String {
        self == rounded() && magnitude < 1e15 ? "\(Int64(self))" : "\(self)"
    }
}
