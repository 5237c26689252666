/// The place and the reason for which a runtime could not load a function's handler, or for which the handler failed.
public struct SourceError: Sendable, Hashable, Codable {
    /// The path of the file in `target.source.files`.
    public let file: String
    /// The line in the file, from 1; `nil` if the error concerns the whole file.
    public let line: Int?
    /// The error, for example `SyntaxError: invalid syntax`.
    public let message: String

    /// The beginning of the lines by which runtimes report errors.
    private static let prefix = "f2s: "

    /// Reads a line that a runtime has written: `f2s: FILE:LINE: MESSAGE` or `f2s: FILE: MESSAGE`. Returns `nil` for
    /// any other line.
    public init?(logLine: String) {
        guard logLine.hasPrefix(Self.prefix) else { return nil }
        let parts = logLine.dropFirst(Self.prefix.count)
            .split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let name = parts.first, !name.isEmpty, !name.contains(" ") else { return nil }
        file = String(name)
        line = parts.count == 3 ? Int(parts[1]) : nil
        let message = line == nil ? parts.dropFirst().joined(separator: ":") : String(parts[2])
        self.message = String(message.drop { $0 == " " })
    }

    /// Returns the error of the last line that a runtime has written; `nil` if there is none.
    /// - Parameter log: The lines of a replica's log, oldest first.
    public init?(in log: [String]) {
        guard let found = log.reversed().lazy.compactMap({ SourceError(logLine: $0) }).first else { return nil }
        self = found
    }

    /// The file, the line and the message, for example `handler.py, line 4: SyntaxError: invalid syntax`.
    public var text: String { "\(file)\(line.map { ", line \($0)" } ?? ""): \(message)" }
}
