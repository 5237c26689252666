import F2SModel
import FoundationEssentials

/// The format of the lines of a function's log.
enum LogFormat: Sendable {
    /// `TIME REPLICA text`.
    case text
    /// One JSON object per line.
    case lines

    /// Returns the line, including its end.
    func line(_ line: LogLine) throws -> String {
        switch self {
        case .text:
            let time = Date(timeIntervalSince1970: line.time).formatted(Self.time)
            return "\(time) \(line.replica) \(line.text)\n"
        case .lines:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return try encoder.text(line) + "\n"
        }
    }

    /// The media type of the format.
    var type: MediaType { self == .text ? .text : .lines }

    /// RFC 3339 in UTC with milliseconds.
    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
