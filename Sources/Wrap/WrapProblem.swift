import FoundationEssentials

/// A problem document (RFC 9457) of `f2s wrap`, with the same members as F2S's own.
struct WrapProblem: Sendable, Hashable, Encodable {
    /// The HTTP status.
    var status: Int
    /// A short title, the same for every occurrence.
    var title: String
    /// The failure and the remedy.
    var detail: String
    /// The stage at which the invocation failed: always the function.
    var stage = "function"
    /// The exit status of the command; 128 + signal if a signal ended it.
    var exitStatus: Int?
    /// The last lines that the command wrote to its standard error, oldest first.
    var logTail: [String]?

    /// The media type of a problem document.
    static let mediaType = "application/problem+json"

    /// The document.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers always encode. If they did not, a document without details would be better than none.
        let document = (try? encoder.encode(self)).map(Array.init) ?? Array("{\"status\":\(status)}".utf8)
        return document + [UInt8(ascii: "\n")]
    }

    /// The problem of a path that cannot be the value of an environment variable.
    static let malformedPath = WrapProblem(
        status: 400, title: "The path is malformed",
        detail: "It has a broken escape, an escaped NUL, or bytes that are not UTF-8. Escape it as RFC 3986 requires.")

    /// The problem of an upgrade request with a body. The decoder does not read a body after a head that asks for
    /// another protocol.
    static let upgradeWithBody = WrapProblem(
        status: 400, title: "An upgrade cannot have a body",
        detail: "f2s wrap speaks no other protocol than HTTP/1.1. Send the request without the field Upgrade.")

    /// Returns the problem of a command that was killed because its time was over.
    static func timedOut(after timeout: Duration) -> WrapProblem {
        let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
        return WrapProblem(
            status: 504, title: "The command did not end in time",
            detail:
                "It had not ended after \(seconds.formattedSeconds) s, including its wait for a slot, and was killed. "
                + "Make it faster, or raise --timeout or --concurrency.")
    }

    /// Returns the problem of a command that has failed.
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
                detail: "\(reason). Retry; if the failure persists, restart f2s wrap.")
        }
    }
}

extension Double {
    /// The number without a fraction that is zero.
    fileprivate var formattedSeconds: String {
        self == rounded() && magnitude < 1e15 ? "\(Int64(self))" : "\(self)"
    }
}
